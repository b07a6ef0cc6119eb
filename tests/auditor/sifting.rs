//! Files through the sieve as whoever drives it does it, in pieces of any size.

use tillproof::reconcile::sieve::{KEY_BYTES, Plan, Sieve, Unfit};
use tillproof::reconcile::{self, Options, Share, Side, Sources};

/// A sieve for these files, with a key that is always the same.
pub(crate) fn sieve(sources: &Sources<'_>, options: Options<'_>, share: Share) -> Sieve {
    let names = [sources.ledger, sources.settlement, sources.bank]
        .map(|files| files.iter().map(|file| file.name.to_owned()).collect());
    let plan = Plan { names, ..Plan::default() };
    let mut key = [0_u8; KEY_BYTES];
    key.iter_mut()
        .zip(0_u32..)
        .for_each(|(byte, place)| *byte = (place.wrapping_mul(2_654_435_761) >> 24) as u8);
    Sieve::new(plan, options, share, &key).unwrap()
}

/// Puts files into a sieve, in pieces of `piece` bytes.
pub(crate) fn sifted(sources: &Sources<'_>, share: Share, piece: usize) -> Result<Sieve, Unfit> {
    sifted_by(sources, Options::default(), share, piece)
}

/// The same with options.
pub(crate) fn sifted_by(
    sources: &Sources<'_>,
    options: Options<'_>,
    share: Share,
    piece: usize,
) -> Result<Sieve, Unfit> {
    let mut sieve = sieve(sources, options, share);
    for (side, files) in [(Side::Ledger, sources.ledger), (Side::Settlement, sources.settlement)] {
        for file in files {
            sieve.begin(side, file.data.len() as u64)?;
            pour(&mut sieve, file.data, piece)?;
            sieve.close()?;
        }
    }
    sieve.finish();
    give(&mut sieve, sources)?;
    Ok(sieve)
}

/// Puts bytes into a sieve, in pieces.
pub(crate) fn pour(sieve: &mut Sieve, mut rest: &[u8], piece: usize) -> Result<(), Unfit> {
    while !rest.is_empty() {
        let room = sieve.room();
        let length = piece.min(room.len()).min(rest.len());
        room[..length].copy_from_slice(&rest[..length]);
        rest = &rest[length..];
        sieve.take(length)?;
    }
    Ok(())
}

/// Gives a sieve what it wants to see once more.
pub(crate) fn give(sieve: &mut Sieve, sources: &Sources<'_>) -> Result<(), Unfit> {
    while let Some(wanted) = sieve.wanted() {
        let files = if wanted.side == Side::Ledger { sources.ledger } else { sources.settlement };
        let from = wanted.offset as usize;
        let bytes = &files[wanted.file].data[from..from + wanted.length];
        sieve.room_for(wanted.length).copy_from_slice(bytes);
        sieve.give()?;
    }
    Ok(())
}

/// The part that a sieve makes of files.
pub(crate) fn sieved(sources: &Sources<'_>, share: Share, piece: usize) -> Result<Vec<u8>, Unfit> {
    let bank: Vec<&[u8]> = sources.bank.iter().map(|file| file.data).collect();
    sifted(sources, share, piece)?.part(&bank)
}

/// The report of a part.
pub(crate) fn report(part: &[u8]) -> String {
    reconcile::report(&reconcile::judge(part).unwrap()).unwrap().to_json()
}
