//! The balance is what the treasury has for an account, now; what an event tells of it is what it was then.
//!
//! Source: <https://docs.stripe.com/api/balance>.

use super::super::treasury::Balance as Sums;
use super::accounts::Account;
use super::expand::{Field, Gives};
use super::object::{Head, Kind, PLATFORM, kind};
use super::params::{MetadataPatch, Params};
use super::refusal::{Refusal, Result};
use super::routes::{Answer, Level, Row};
use super::sheet::Sheet;
use super::work::Work;
use crate::money::Currency;
use crate::prelude::*;

pub(super) const ROUTES: &[Row] = &[Row::new("GET", "/v1/balance", retrieve, Gives::Nothing, Level::Whole)];

/// What an account had at a moment.
#[derive(Clone, Debug)]
pub(super) struct Balance {
    pub(super) head: Head,
    /// By currency; that of the account is always there.
    sums: Vec<(Currency, Sums)>,
}

impl Kind for Balance {
    kind!(Balance, balances);
    const PREFIX: &'static str = "balance";
    const NAME: &'static str = "balance";
    const FIELDS: &'static [Field] = &[];
    const HAS_ID: bool = false;

    fn write(&self, sheet: &mut Sheet<'_>) {
        let amounts =
            |of: fn(Sums) -> i128| self.sums.iter().map(move |(currency, sums)| (*currency, of(*sums)));
        sheet.objects("available", amounts(|sums| sums.available), write_amount);
        if self.head.account == PLATFORM {
            sheet.objects("connect_reserved", amounts(|_| 0), |sheet, (currency, minor)| {
                sheet.integer("amount", minor);
                sheet.currency("currency", currency);
            });
        }
        sheet.objects("instant_available", amounts(|sums| sums.available.max(0)), write_amount);
        sheet.flag("livemode", false);
        sheet.objects("pending", amounts(|sums| sums.pending), write_amount);
        sheet.object("refund_and_dispute_prefunding", |sheet| {
            for name in ["available", "pending"] {
                sheet.objects(name, amounts(|_| 0), |sheet, (currency, minor)| {
                    sheet.integer("amount", minor);
                    sheet.currency("currency", currency);
                });
            }
        });
    }
}

fn write_amount(sheet: &mut Sheet<'_>, (currency, minor): (Currency, i128)) {
    sheet.integer("amount", minor);
    sheet.currency("currency", currency);
    sheet.object("source_types", |sheet| sheet.integer("card", minor));
}

/// What an account has now.
fn of(work: &Work<'_>, account: usize) -> Result<Balance> {
    let purse = work.get::<Account>(account)?.purse;
    let found = work.world.treasury.account(purse).ok_or_else(|| Refusal::bug("an account has no purse"))?;
    let own = found.profile.currency;
    let mut sums = vec![(own, found.balance(own))];
    sums.extend(
        found.balances.iter().filter(|(currency, _)| **currency != own).map(|(&code, &sum)| (code, sum)),
    );
    let head = Head { account, ..work.head::<Balance>(MetadataPatch::Keep) };
    Ok(Balance { head, sums })
}

/// Money of an account has become available.
///
/// # Errors
///
/// A contradiction in the simulator: the account does not exist.
pub(super) fn available(work: &mut Work<'_>, account: usize) -> Result<()> {
    let balance = of(work, account)?;
    let number = work.add(balance);
    work.emit::<Balance>("balance.available", number)
}

fn retrieve(work: &mut Work<'_>, params: Params) -> Result<Answer> {
    params.finish()?;
    let balance = of(work, work.account)?;
    Ok(Answer::Object(Balance::object(balance.into())))
}
