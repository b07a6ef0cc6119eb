//! The sieve lets nothing through that the judge would have spoken of: with it and without it, the report is the same.
#![cfg(not(target_family = "wasm"))]
#![allow(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::unwrap_in_result,
    clippy::unwrap_used,
    reason = "a model is plain arithmetic, and a test that panics has done its work"
)]

#[path = "auditor/random.rs"]
#[allow(dead_code, reason = "other tests need more of it")]
mod random;
#[path = "auditor/sifting.rs"]
#[allow(dead_code, reason = "other tests need more of it")]
mod sifting;
#[allow(dead_code, reason = "other tests need more of it")]
#[path = "auditor/telling.rs"]
mod telling;

use random::Random;
use sifting::{give, pour, report, sieve, sieved, sifted};
use telling::{told, told_by};
use tillproof::reconcile::sieve::{Lane, Sieve, Unfit};
use tillproof::reconcile::{self, Form, Options, Share, Side, Source, Sources};

/// Where a lane begins that is to begin about here, in bytes of a file.
fn cut(data: &[u8], about: usize) -> usize {
    let Some(before) = about.checked_sub(1) else { return 0 };
    data[before..].iter().position(|byte| *byte == b'\n').map_or(data.len(), |feed| about + feed)
}

/// Puts a stretch of each file of a side into a lane: `from` and `to` are those of the side. Gives the lines that each of them had.
fn pour_stretch(
    sieve: &mut Sieve,
    (side, files): (Side, &[Source<'_>]),
    (from, to): (usize, usize),
    piece: usize,
) -> Result<Vec<u64>, Unfit> {
    let mut base = 0;
    let mut lines = Vec::new();
    for Source { data, .. } in files {
        sieve.begin(side, data.len() as u64)?;
        let [from, to] = [from, to].map(|end| end.saturating_sub(base).min(data.len()));
        // Of a file that is not for this lane, the header.
        let is_own = to > 0 && from < data.len();
        if from > 0 || !is_own {
            pour(sieve, &data[..cut(data, 1)], piece)?;
            sieve.skip(if is_own { from } else { data.len() } as u64)?;
        }
        pour(sieve, if is_own { &data[from..to] } else { &[] }, piece)?;
        lines.push(if is_own { sieve.line() } else { 0 });
        if is_own && to < data.len() {
            sieve.skip(data.len() as u64)?;
        }
        sieve.close()?;
        base += data.len();
    }
    Ok(lines)
}

/// What a sieve would have that had read all files, out of so many lanes that each read a stretch of them.
fn laned(sources: &Sources<'_>, of: usize, random: &mut Random, piece: usize) -> Result<Sieve, Unfit> {
    let sides = [(Side::Ledger, sources.ledger), (Side::Settlement, sources.settlement)];
    let ends = sides.map(|(_, files)| {
        let whole = files.iter().map(|file| file.data.len()).sum::<usize>();
        let mut ends: Vec<usize> = (1..of).map(|_| random.below(whole as u64 + 1) as usize).collect();
        ends.sort_unstable();
        let mut base = 0;
        for Source { data, .. } in files {
            for end in ends.iter_mut().filter(|end| (base..base + data.len()).contains(*end)) {
                *end = base + cut(data, *end - base);
            }
            base += data.len();
        }
        ends.sort_unstable();
        [vec![0], ends, vec![whole]].concat()
    });
    let mut lanes: Vec<Sieve> = (0..of).map(|_| sieve(sources, Options::default(), Share::WHOLE)).collect();
    let stretch = |side: usize, lane: usize| (ends[side][lane], ends[side][lane + 1]);
    let mut lines = [Vec::new(), Vec::new()];
    let (first, others) = lanes.split_first_mut().unwrap();
    first.be(Lane::First);
    for (side, lines) in [0, 1].into_iter().zip(&mut lines) {
        lines.push(pour_stretch(first, sides[side], stretch(side, 0), piece)?);
        for (lane, other) in (1..).zip(&mut *others) {
            if side == 0 {
                other.be(Lane::Other);
            }
            lines.push(pour_stretch(other, sides[side], stretch(side, lane), piece)?);
            // What the others have read, the first hears.
            let mut place = 0;
            if random.below(2) == 0 {
                other.gather();
            }
            while place < other.rows() {
                let said = other.rows_from(place).to_vec();
                first.room_for(said.len()).copy_from_slice(&said);
                first.hear(sides[side].0, said.len(), &other.words())?;
                place += said.len() / 36;
            }
            other.forget();
        }
    }
    if !first.is_for_lanes() {
        return Err(Unfit);
    }
    first.finish();
    give(first, sources)?;
    for (lane, other) in (1..).zip(others) {
        let staying = |index: usize, side: Side| {
            let (from, to) = stretch(index, lane);
            first.staying(side, from as u32, to as u32).to_vec()
        };
        other.keep_rows(&staying(0, Side::Ledger), &staying(1, Side::Settlement))?;
        give(other, sources)?;
        let before = [0, 1].map(|index| {
            let begins = ends[index][lane];
            let mut base = 0;
            let file = sides[index].1.iter().position(|file| {
                base += file.data.len();
                begins < base
            });
            let file = file.unwrap_or_default();
            let base = sides[index].1[..file].iter().map(|file| file.data.len()).sum::<usize>();
            let lines = lines[index][..lane].iter().map(|lines| lines[file]);
            (file, if begins > base { lines.sum() } else { 0 })
        });
        first.adopt(other.kept(), before)?;
    }
    Ok(lanes.swap_remove(0))
}

fn one_of<'a>(random: &mut Random, from: &[&'a str]) -> &'a str {
    from[random.below(from.len() as u64) as usize]
}

/// How a file is written: the same rows in other clothes.
struct Dress {
    delimiter: &'static str,
    /// Every cell is quoted, not only where it has to be.
    quotes: bool,
    /// Amounts stand in major units.
    major: bool,
}

impl Dress {
    fn any(random: &mut Random) -> Self {
        Self {
            delimiter: [",", ",", ";", "\t"][random.below(4) as usize],
            quotes: random.below(3) == 0,
            major: random.below(3) == 0,
        }
    }

    fn header(&self, last: &str) -> String {
        let [amount, fee] = if self.major { ["amount", "fee"] } else { ["amount_minor", "fee_minor"] };
        self.line(&["reference", "type", amount, "currency", fee, "status", "occurred_at", last])
    }

    /// A cell that has to be quoted comes so.
    fn line(&self, cells: &[&str]) -> String {
        let dressed = |cell: &&str| {
            if self.quotes && !cell.starts_with('"') { format!("\"{cell}\"") } else { (*cell).to_owned() }
        };
        cells.iter().map(dressed).collect::<Vec<_>>().join(self.delimiter)
    }

    fn amount(&self, minor: &str, currency: &str) -> String {
        if self.major && currency == "JPY" && !minor.is_empty() {
            // Of a column that has two decimals for every currency.
            return format!("{minor}.00");
        }
        if !self.major || minor.is_empty() {
            return minor.to_owned();
        }
        let minor: i64 = minor.parse().unwrap();
        let sign = if minor < 0 { "-" } else { "" };
        format!("{sign}{}.{:02}", minor.abs() / 100, minor.abs() % 100)
    }
}

/// Rows of both sides, in which everything stands that a plain row may not hold, and what only seems to be plain.
fn files(random: &mut Random, rows: usize) -> [String; 2] {
    // Of some files one side tells no time, or nearly all of one have no zone.
    let (silent, zoneless) = (random.below(6) as usize, random.below(6) as usize);
    // What stands last is context, a description, or the id, beside which there are charges alone.
    let last = one_of(random, &["note", "description", "id"]);
    let is_marked = random.below(8) == 0;
    let dresses = [Dress::any(random), Dress::any(random)];
    let mut sides = dresses.each_ref().map(|dress| dress.header(last) + "\n");
    for row in 0..rows {
        let reference = match random.below(20) {
            0 => format!("order_{}", random.below(rows as u64)),
            1 => format!("\"quoted, {row}\""),
            2 => format!("ünïcode_{row}"),
            3 if is_marked => format!("\u{feff}marked_{row}"),
            // They differ where no front of them reaches.
            4 | 5 => format!("order_of_a_shop_with_long_references_{}", random.below(rows as u64)),
            _ => format!("order_{row}"),
        };
        let kind =
            one_of(random, &["charge", "charge", "charge", "charge", "", "fee", "adjustment", "unheard_of"]);
        let kind = if last == "id" { one_of(random, &["charge", ""]) } else { kind };
        let amount = match random.below(12) {
            0 => "0".to_owned(),
            1 => "70368744177664".to_owned(),
            2 => "-250".to_owned(),
            _ => random.below(100_000).to_string(),
        };
        let currency = one_of(random, &["EUR", "USD", "JPY"]);
        let fee = one_of(random, &["", "0", "12", "250", "-3", "4294967295", "99999999999"]);
        let status = one_of(random, &["succeeded", "Paid", "", "failed", "on_the_moon_and_back", "pending"]);
        let day = 1 + random.below(28);
        let time = match random.below(10) {
            0 => String::new(),
            1 => format!("2026-03-{day:02}T10:00:00.500Z"),
            2 => format!("2026-03-{day:02}T10:00:00+02:00"),
            3 => format!("2026-03-{day:02}T10:00:00"),
            _ => format!("2026-03-{day:02}T10:00:00Z"),
        };
        for (place, side) in sides.iter_mut().enumerate() {
            let times = [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 2][random.below(12) as usize];
            for _ in 0..times {
                let changed = random.below(12);
                let amount = if changed == 0 { "777" } else { &amount };
                let currency = if changed == 1 { "EUR" } else { currency };
                let fee = if changed == 2 { "13" } else { fee };
                let status = if changed == 3 { "succeeded" } else { status };
                let later = format!("2026-03-{day:02}T11:30:00Z");
                let time = if changed == 4 { &later } else { &time };
                let time = if silent == place { "" } else { time };
                let bare = time.trim_end_matches('Z').to_owned();
                let time = if zoneless == place && random.below(20) > 0 { &bare } else { time };
                let note = one_of(random, &["", "plain", "ünïcode", "\"two\nlines\"", "\"a \"\"word\"\"\""]);
                let end = one_of(random, &["\n", "\n", "\n", "\r\n", "\n\n"]);
                let dress = &dresses[place];
                let (amount, fee) = (dress.amount(amount, currency), dress.amount(fee, currency));
                *side += &dress.line(&[&reference, kind, &amount, currency, &fee, status, time, note]);
                *side += end;
            }
        }
    }
    sides
}

fn shuffled(random: &mut Random, text: &str) -> String {
    // Rows of several lines stay as they are: only such files are shuffled that have none.
    let mut lines: Vec<&str> = text.lines().collect();
    for place in (2..lines.len()).rev() {
        lines.swap(place, 1 + random.below(place as u64) as usize);
    }
    lines.join("\n")
}

#[test]
fn breaks_that_nothing_tells_apart_are_numbered_the_same_in_every_stretch() {
    let header = "reference,type,amount_minor,currency,fee_minor,status,occurred_at\n";
    // The same row again and again is copies of one event, and with ids of their own they would be told apart by these: what
    // differs here is no part of what a break is called by.
    let mut ledger = header.to_owned();
    for row in 0..40 {
        let reference = row % 5;
        ledger += &format!("order_{reference},adjustment,{},EUR,{row},,\n", 100 + row % 3);
    }
    let ledger = [Source { name: "l.csv", data: ledger.as_bytes() }];
    let settlement = [Source { name: "s.csv", data: header.as_bytes() }];
    let sources = Sources { ledger: &ledger, settlement: &settlement, ..Sources::default() };
    let batch = reconcile::read(&sources, Options::default()).unwrap();
    let expected = reconcile::run(&sources, Options::default()).unwrap();
    assert_eq!(expected.breaks.len(), 40);
    for most in 1..12 {
        let (told, breaks) =
            told_by((most, 1), Form::Json, |how, take| reconcile::tell(&batch, &[], how, take));
        assert!(told == expected.printed() && breaks == expected.breaks.len(), "{most}");
    }
}

#[test]
fn with_and_without_the_sieve_the_report_is_the_same() {
    let mut fits = 0;
    let (mut merged_parts, mut in_lanes) = (0, 0);
    for seed in 0..300 {
        let mut random = Random::new(seed);
        let rows = 1 + random.below(60) as usize;
        let [mut ledger, mut settlement] = files(&mut random, rows);
        if !settlement.contains('"') && random.below(2) == 0 {
            settlement = shuffled(&mut random, &settlement);
        }
        // What may stand at the beginning of a file, and what only seems to belong there.
        for text in [&mut ledger, &mut settlement] {
            let front = one_of(
                &mut random,
                &["", "", "", "", "", "\u{feff}", "\u{feff}", "\n", "\u{feff}\u{feff}", "\n\u{feff}"],
            );
            *text = format!("{front}{text}");
        }
        // A side may have several files, each in clothes of its own.
        let [more, _] = files(&mut random, 1 + rows / 4);
        let ledger = [
            Source { name: "l.csv", data: ledger.as_bytes() },
            Source { name: "more.csv", data: more.as_bytes() },
        ];
        let ledger = if random.below(4) == 0 { &ledger[..] } else { &ledger[..1] };
        let settlement = [Source { name: "s.csv", data: settlement.as_bytes() }];
        let sources = Sources { ledger, settlement: &settlement, ..Sources::default() };
        let expected = reconcile::run(&sources, Options::default());
        let piece = [11, 64, 301, 1_000, 1 << 20][random.below(5) as usize];
        match (sieved(&sources, Share::WHOLE, piece), expected) {
            (Ok(part), Ok(expected)) => {
                assert_eq!(report(&part), expected.to_json(), "seed {seed}");
                let compact: serde_json::Value = serde_json::from_str(&expected.to_json()).unwrap();
                let printed: serde_json::Value = serde_json::from_slice(&expected.printed()).unwrap();
                assert_eq!(printed, compact, "seed {seed}");
                let all = (expected.printed(), expected.breaks.len());
                assert!(told(|how, take| reconcile::tell(&part, &[], how, take)) == all, "seed {seed}");
                let kept = sifted(&sources, Share::WHOLE, piece).unwrap().rest().unwrap();
                assert!(told(|how, take| kept.tell(&[], how, take)) == all, "seed {seed}");
                fits += 1;
                let lanes = 1 + random.below(4) as usize;
                if let Ok(first) = laned(&sources, lanes, &mut random, piece) {
                    let kept = first.rest().unwrap();
                    assert!(told(|how, take| kept.tell(&[], how, take)) == all, "seed {seed}, {lanes} lanes");
                    in_lanes += 1;
                }
            }
            (Err(Unfit), _) => {}
            (Ok(_), Err(error)) => panic!("seed {seed}: the sieve took what the reader refuses: {error}"),
        }
        let of = 3;
        let parts: Result<Vec<Vec<u8>>, Unfit> =
            (0..of).map(|index| sieved(&sources, Share { index, of }, piece)).collect();
        if let (Ok(parts), Ok(expected)) = (parts, reconcile::run(&sources, Options::default())) {
            let borrowed: Vec<&[u8]> = parts.iter().rev().map(|part| &**part).collect();
            let merged = reconcile::merge(&borrowed).unwrap();
            merged_parts += 1;
            assert_eq!(report(&merged), expected.to_json(), "seed {seed}");
            let [first, rest @ ..] = &*borrowed else { unreachable!() };
            let merged_rest = reconcile::merge(rest).unwrap();
            assert_eq!(reconcile::merge(&[&merged_rest, first]).unwrap(), merged, "seed {seed}");
        }
    }
    assert!(fits > 100, "{fits} of 300 files were for the sieve");
    assert!(in_lanes > 60, "{in_lanes} of 300 were read in lanes");
    assert!(merged_parts > 100, "{merged_parts} of 300 were merged of parts");
}

#[test]
fn what_stays_is_judged_in_place_only_where_it_is_all_there_is() {
    let data = b"reference,amount_minor,currency\na,1,EUR\n";
    let [ledger, settlement, bank] = ["l.csv", "s.csv", "b.csv"]
        .map(|name| [Source { name, data: if name == "s.csv" { &data[..32] } else { data } }]);
    let both = Sources { ledger: &ledger, settlement: &settlement, ..Sources::default() };
    let with_bank = Sources { bank: &bank, ..both };
    let is_there = |sources: &Sources<'_>, share| sifted(sources, share, 64).unwrap().rest().is_ok();
    assert!(is_there(&both, Share::WHOLE));
    assert!(!is_there(&both, Share { index: 0, of: 2 }));
    assert!(!is_there(&with_bank, Share::WHOLE));
}

#[test]
fn what_the_reader_refuses_anywhere_in_a_file_is_not_for_the_sieve() {
    let row = |place: usize| format!("r{place},{place},EUR,2026-03-04T05:06:07Z\n");
    let whole: String = (1..40).map(row).collect();
    let whole = format!("reference,amount_minor,currency,occurred_at\n{whole}");
    let fits = |settlement: &[u8], piece: usize| {
        let ledger = [Source { name: "l.csv", data: whole.as_bytes() }];
        let settlement = [Source { name: "s.csv", data: settlement }];
        let sources = Sources { ledger: &ledger, settlement: &settlement, ..Sources::default() };
        let read = reconcile::run(&sources, Options { is_whole: false, ..Options::default() });
        let sieved = sieved(&sources, Share::WHOLE, piece);
        assert!(sieved.is_err() || read.is_ok());
        sieved.is_ok()
    };
    for piece in [64, 301, 1 << 20] {
        for place in (0..=whole.len()).step_by(7) {
            let mut damaged = whole.clone().into_bytes();
            damaged.insert(place, 0);
            assert!(!fits(&damaged, piece), "a byte of zero at {place}");
        }
        let shorter = |by: usize| &whole.as_bytes()[..whole.len() - by];
        assert!(fits(shorter(1), piece), "no line break at the end");
        assert!(!fits(shorter(2), piece), "the zone is gone");
        assert!(!fits(shorter(11), piece), "the time of day is gone");
    }
}

#[test]
fn of_one_price_the_only_one_in_its_window_is_found_however_many_there_are() {
    // One in each week, of one price, and no reference that both sides know.
    let (mut ledger, mut settlement) = (String::new(), String::new());
    for text in [&mut ledger, &mut settlement] {
        text.push_str("reference,id,amount_minor,currency,occurred_at\n");
    }
    let weeks = 1_300_u64;
    for week in 0..weeks {
        let days = week * 7;
        let day = format!("{}-{:02}-{:02}", 2000 + days / 336, 1 + days % 336 / 28, 1 + days % 28);
        ledger += &format!(",pay_{week},999,EUR,{day}T10:00:00Z\n");
        settlement += &format!(",txn_{week},999,EUR,{day}T12:00:00Z\n");
    }
    let ledger = [Source { name: "l.csv", data: ledger.as_bytes() }];
    let settlement = [Source { name: "s.csv", data: settlement.as_bytes() }];
    let sources = Sources { ledger: &ledger, settlement: &settlement, ..Sources::default() };
    for business_days in [false, true] {
        let report = reconcile::run(&sources, Options { business_days, ..Options::default() }).unwrap();
        assert_eq!((report.matched, report.breaks.len()), (weeks as usize, 0), "{:?}", report.breaks.first());
    }
}

#[test]
fn files_without_a_last_line_feed_are_read_in_lanes_as_by_one() {
    for seed in 0..200 {
        let mut random = Random::new(seed);
        let mut place = 0;
        let mut texts: [Vec<String>; 2] = [const { Vec::new() }; 2];
        for _ in 0..2 + random.below(4) {
            let mut both =
                ["reference,amount_minor,currency".to_owned(), "currency,amount_minor,reference".to_owned()];
            for _ in 0..1 + random.below(12) {
                place += 1;
                both[0] += &format!("\norder_{place},{},EUR", 100 + place);
                let amount = 100 + place + u64::from(random.below(9) == 0);
                both[1] += &format!("\nEUR,{amount},order_{place}");
            }
            // Two files of one length may be one file twice.
            for (text, all) in both.into_iter().zip(&mut texts) {
                if all.iter().all(|other| other.len() != text.len()) {
                    all.push(text);
                }
            }
        }
        let [ledger, settlement] = texts.each_ref().map(|texts| {
            texts.iter().map(|text| Source { name: "file.csv", data: text.as_bytes() }).collect::<Vec<_>>()
        });
        let sources = Sources { ledger: &ledger, settlement: &settlement, ..Sources::default() };
        let expected = reconcile::run(&sources, Options::default()).unwrap().printed();
        for lanes in 1..5 {
            let kept = laned(&sources, lanes, &mut random, 64).unwrap().rest().unwrap();
            let (told, _) = told(|how, take| kept.tell(&[], how, take));
            assert!(told == expected, "seed {seed}, {lanes} lanes");
        }
    }
}
