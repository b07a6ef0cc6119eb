//! Where a page was tampered with: its frame is known to the byte, its check points at one byte, and the chain confirms it.

use super::check::{CHECK_BYTES, Check};
use super::page::{HEAD_BYTES, Page, Place, known};
use super::replay::{head_of, whole};

/// The first byte of a page that is not as it was written, counted from 0; `None` where more than one byte was changed, so
/// that only the page as a whole can be named, or where none can have been.
pub(super) fn tampered_byte(bytes: &[u8], place: &Place) -> Option<usize> {
    for (at, expected) in known(place, bytes.len()) {
        let wrong = expected.iter().zip(at..).find(|(byte, at)| bytes.get(*at) != Some(*byte));
        if let Some((_, at)) = wrong {
            return Some(at);
        }
    }
    let ends = CHECK_BYTES.checked_add(HEAD_BYTES)?;
    let content = bytes.len().checked_sub(ends)?;
    let (checked, end) = bytes.split_at_checked(content)?;
    let (check, _) = end.split_first_chunk::<CHECK_BYTES>()?;
    let found = Check::of(checked);
    if found.bytes() == *check {
        return in_head(bytes, place);
    }
    let (sum, weighted) = check.split_first_chunk::<8>()?;
    let written =
        Check { sum: u64::from_le_bytes(*sum), weighted: u64::from_le_bytes(*weighted.first_chunk()?) };
    if let Some((at, by)) = found.changed(written, content) {
        return mended(bytes, place, at, by);
    }
    // The content may be as it was, and the check itself not.
    let mut wrong =
        found.bytes().into_iter().zip(check).zip(content..).filter(|((right, byte), _)| right != *byte);
    let ((right, byte), at) = wrong.next()?;
    mended(bytes, place, at, right.wrapping_sub(*byte)).filter(|_| wrong.next().is_none())
}

/// The byte at `at`, if the page holds once `by` is added to it.
fn mended(bytes: &[u8], place: &Place, at: usize, by: u8) -> Option<usize> {
    let mut copy = bytes.to_vec();
    let byte = copy.get_mut(at)?;
    *byte = byte.wrapping_add(by);
    whole(&copy, place).is_ok().then_some(at)
}

/// Of a page whose content holds, the one byte of its head that does not.
fn in_head(bytes: &[u8], place: &Place) -> Option<usize> {
    let page = Page::parse(bytes, place).ok()?;
    let right = head_of(&page, place.chain)?;
    let start = bytes.len().checked_sub(HEAD_BYTES)?;
    let mut wrong = right.iter().zip(&page.head).zip(start..).filter(|((right, byte), _)| right != byte);
    let (_, at) = wrong.next()?;
    wrong.next().is_none().then_some(at)
}
