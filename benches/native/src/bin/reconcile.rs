//! `tillproof reconcile --json` without wasm: the same engine over two files, for `benches/js/reconcile.bench.js`.
//!
//! Where the artefact has vectors of 128 bits (prints, separators), this has what the compiler makes of plain Rust.
//!
//! `reconcile LEDGER SETTLEMENT AS_OF WINDOW_DAYS`, with `AS_OF` in RFC 3339; the report goes to standard output.

#![cfg(not(target_family = "wasm"))]
#![allow(clippy::unwrap_used, reason = "a program that measures may stop")]

use std::fs::File;
use std::hash::{BuildHasher, RandomState};
use std::io::{Write, stdout};
use std::os::unix::fs::FileExt;

use tillproof::calendar::parse_rfc3339;
use tillproof::reconcile::sieve::{KEY_BYTES, Plan, Sieve};
use tillproof::reconcile::{Form, Options, Piece, Share, Side, Tellers, Terms};

const SIDES: [Side; 2] = [Side::Ledger, Side::Settlement];

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [ledger, settlement, as_of, days] = &*arguments else {
        panic!("LEDGER SETTLEMENT AS_OF WINDOW_DAYS")
    };
    let files = [ledger, settlement].map(|path| File::open(path).unwrap());
    let [ours, theirs] = [ledger, settlement].map(|path| vec![path.clone()]);
    let plan = Plan { names: [ours, theirs, Vec::new()], ..Plan::default() };
    let options = Options {
        as_of: Some(parse_rfc3339(as_of).unwrap()),
        in_flight_days: days.parse().unwrap(),
        ..Options::default()
    };
    let mut sieve = Sieve::new(plan, options, Share::WHOLE, &key()).unwrap();
    for (side, file) in SIDES.into_iter().zip(&files) {
        let length = file.metadata().unwrap().len();
        sieve.begin(side, length).unwrap();
        let mut offset = 0;
        while offset < length {
            let read = file.read_at(sieve.room(), offset).unwrap();
            sieve.take(read).unwrap();
            offset += u64::try_from(read).unwrap();
        }
        sieve.close().unwrap();
    }
    sieve.finish();
    while let Some(wanted) = sieve.wanted() {
        let [ledger, settlement] = &files;
        let file = if wanted.side == Side::Ledger { ledger } else { settlement };
        file.read_exact_at(sieve.room_for(wanted.length), wanted.offset).unwrap();
        sieve.give().unwrap();
    }
    let rest = sieve.rest().ok().unwrap();
    let mut take = |piece: Piece<'_>| match piece {
        Piece::Stretch(_) => panic!("there is nobody to tell it"),
        Piece::Text(bytes) | Piece::End(bytes) => stdout().write_all(bytes).unwrap(),
    };
    rest.tell(&Terms::default().packed(), (Tellers::ALONE, Form::Json), &mut take).unwrap();
}

/// Other bytes for each run.
fn key() -> [u8; KEY_BYTES] {
    let state = RandomState::new();
    let mut key = [0; KEY_BYTES];
    for (place, word) in key.as_chunks_mut().0.iter_mut().enumerate() {
        *word = state.hash_one(place).to_ne_bytes();
    }
    key
}
