//! What holds of every file in every format.

use tillproof::reconcile::formats::{
    BankLine, Error, Format, Packer, Reader, Settings, SettlementLine, Sink, Statement, Summary, unpack,
};

/// Counts what arrives and packs it.
struct Kept {
    packer: Packer,
    lines: u64,
    statements: u64,
}

impl Sink for Kept {
    fn settlement(&mut self, line: &SettlementLine<'_>) {
        self.lines += 1;
        // An amount in the direction of its kind is the gross amount or its opposite.
        assert_eq!(line.amount().unsigned_abs(), line.gross.unsigned_abs());
        self.packer.settlement(line);
    }

    fn bank(&mut self, line: &BankLine<'_>) {
        self.lines += 1;
        self.packer.bank(line);
    }

    fn statement(&mut self, statement: &Statement<'_>) {
        self.statements += 1;
        self.packer.statement(statement);
    }
}

fn read(format: Format, file: &[u8], step: usize) -> (Vec<u8>, Result<Summary, Error>) {
    let mut kept = Kept { packer: Packer::new(true), lines: 0, statements: 0 };
    let mut reader = Reader::new(format, Settings::default()).expect("no settings are fine settings");
    let mut result = Ok(());
    for piece in file.chunks(step) {
        result = result.and_then(|()| reader.push(piece, &mut kept));
    }
    let summary = result.and_then(|()| reader.finish(&mut kept));
    if let Ok(summary) = &summary {
        assert_eq!(summary.settlement_lines + summary.bank_lines, kept.lines);
        assert_eq!(summary.statements, kept.statements);
    }
    assert!(reader.push(b"x", &mut kept).is_err(), "a reader that has ended takes no more");
    (kept.packer.take(), summary)
}

/// However a file is cut, the same lines come out and the same error; lines survive being packed; an error has a place.
pub fn check(format: Format, cut: u8, file: &[u8]) {
    let (whole, result) = read(format, file, file.len().max(1));
    let (pieces, again) = read(format, file, usize::from(cut).max(1));
    assert_eq!(result, again, "the cut changed the result");
    assert_eq!(whole, pieces, "the cut changed the lines");
    let mut second = Kept { packer: Packer::new(true), lines: 0, statements: 0 };
    unpack(&whole, &mut second).expect("what was packed comes out");
    assert_eq!(second.packer.take(), whole, "packing changed a line");
    if let Err(error) = result {
        let lines = u64::try_from(file.len()).unwrap() + 2;
        assert!(error.place().line >= 1 && error.place().line <= lines, "{error}");
    }
}
