//! One entry of the merchant's bank account.

use super::super::treasury::Payout;
use super::super::world::World;
use super::Drift;
use crate::money::Currency;
use crate::prelude::*;
use crate::time::Timestamp;

/// Money that came to the merchant's bank account, or left it.
#[derive(Clone, Debug)]
pub(in crate::simulator) struct Entry {
    /// The bank's own id.
    pub(super) id: String,
    /// The id of the payout.
    pub(super) reference: String,
    /// The number the banks trace it by.
    pub(super) trace: String,
    /// Minor units; negative when they leave the account.
    pub(super) minor: i128,
    pub(super) currency: Currency,
    /// When it was booked.
    pub(super) at: Timestamp,
    pub(super) description: String,
}

/// The entries up to and with a moment, oldest first: of one account of the treasury, or of all that are connected to
/// nobody.
pub(in crate::simulator) fn entries(world: &World, account: Option<usize>, now: Timestamp) -> Vec<Entry> {
    let mut found = Vec::new();
    // What was merged waits here for the next payout of its account and currency.
    let mut waiting: Vec<(usize, Currency, i128)> = Vec::new();
    for (number, payout) in world.treasury.payouts().iter().enumerate() {
        let is_wanted = match account {
            Some(account) => payout.account == account,
            None => !world.is_connected(payout.account),
        };
        if !is_wanted {
            continue;
        }
        if let Some(at) = payout.paid_at {
            let carried = take(&mut waiting, payout);
            arrive(&mut found, world, (number, payout), carried, at, &mut waiting);
        }
        if let Some(at) = payout.returned_at {
            let minor = 0_i128.saturating_sub(payout.minor.into());
            found.push(entry(world, (number, payout), 2, minor, at, "RETURN OF PAYOUT"));
        }
    }
    found.retain(|entry| entry.at <= now);
    found.sort_by(|one, other| (one.at, &one.id).cmp(&(other.at, &other.id)));
    found
}

fn take(waiting: &mut Vec<(usize, Currency, i128)>, payout: &Payout) -> i128 {
    let at = waiting
        .iter()
        .position(|(account, currency, _)| (*account, *currency) == (payout.account, payout.currency));
    at.map_or(0, |at| waiting.swap_remove(at).2)
}

fn arrive(
    found: &mut Vec<Entry>,
    world: &World,
    (number, payout): (usize, &Payout),
    carried: i128,
    at: Timestamp,
    waiting: &mut Vec<(usize, Currency, i128)>,
) {
    const TEXT: &str = "PAYOUT";
    let whole = i128::from(payout.minor).saturating_add(carried);
    let signed =
        |minor: u64| if payout.minor < 0 { 0_i128.saturating_sub(minor.into()) } else { minor.into() };
    let mut put = |part, minor, at| found.push(entry(world, (number, payout), part, minor, at, TEXT));
    match world.statement.drifts.get(&number) {
        None => put(0, whole, at),
        Some(Drift::Amount(shown)) => put(0, signed(*shown).saturating_add(carried), at),
        Some(Drift::Missing) => {}
        Some(Drift::Late(by)) => put(0, whole, at.saturating_add(*by)),
        Some(Drift::Split(first)) => {
            let first = signed(*first);
            put(0, first, at);
            put(1, whole.saturating_sub(first), at);
        }
        Some(Drift::Merged) => waiting.push((payout.account, payout.currency, whole)),
    }
}

fn entry(
    world: &World,
    (number, payout): (usize, &Payout),
    part: usize,
    minor: i128,
    at: Timestamp,
    text: &str,
) -> Entry {
    let reference = world.ids.id("po", number);
    Entry {
        id: world.ids.id("bank", number.saturating_mul(4).saturating_add(part)),
        trace: trace(number),
        minor,
        currency: payout.currency,
        at,
        description: glued(&[text, " ", &reference]),
        reference,
    }
}

/// The number under which the banks trace a payout.
pub(in crate::simulator) fn trace(payout: usize) -> String {
    glued(&["0210000", &u64::try_from(payout).unwrap_or_default().saturating_add(1).padded(8)])
}
