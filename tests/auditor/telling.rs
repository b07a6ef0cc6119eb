//! A report as one tells it, and as several tell it together.

use std::fmt::Debug;

use tillproof::reconcile::{self, Form, Piece, Tellers};

/// The report that one tells in JSON, and how many breaks it has. Several tell the same together, also as lines for people.
pub(crate) fn told<E: Debug>(
    tell: impl Fn((Tellers, Form), &mut dyn FnMut(Piece<'_>)) -> Result<usize, E>,
) -> (Vec<u8>, usize) {
    let [_, json] = [Form::Lines, Form::Json].map(|form| {
        let alone = told_by((1, 1), form, &tell);
        for (most, each) in [(2, 3), (3, 1), (5, 2)] {
            assert!(told_by((most, each), form, &tell) == alone, "{most} tellers, {each} each, {form:?}");
        }
        alone
    });
    json
}

/// The report that so many tell together, in stretches of so many breaks.
pub(crate) fn told_by<E: Debug>(
    (most, each): (usize, usize),
    form: Form,
    tell: impl Fn((Tellers, Form), &mut dyn FnMut(Piece<'_>)) -> Result<usize, E>,
) -> (Vec<u8>, usize) {
    let (mut text, mut stretches, mut end) = (Vec::new(), Vec::new(), None);
    let how = (Tellers { most, each }, form);
    let breaks = tell(how, &mut |piece| {
        assert!(end.is_none(), "nothing comes behind the end");
        match piece {
            Piece::Stretch(stretch) => {
                assert!(text.is_empty(), "others are not kept waiting");
                stretches.push(stretch.to_vec());
            }
            Piece::Text(bytes) => text.extend_from_slice(bytes),
            Piece::End(bytes) => end = Some(bytes.to_vec()),
        }
    })
    .unwrap();
    assert!(stretches.len() * each <= breaks, "{} stretches of {each} among {breaks}", stretches.len());
    assert!(most > 1 || stretches.is_empty(), "one tells alone");
    for stretch in stretches {
        reconcile::tell_stretch(&stretch, &mut |bytes| text.extend_from_slice(bytes)).unwrap();
    }
    text.extend(end.unwrap());
    (text, breaks)
}
