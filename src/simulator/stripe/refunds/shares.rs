//! What a refund brings back from those the money of its charge was shared with: in proportion to what it gives back, so
//! that refunds which all ask for it leave nothing behind.
//!
//! Source: `reverse_transfer` and `refund_application_fee` of <https://docs.stripe.com/api/refunds/create>.

use super::super::application_fees::{self, ApplicationFee};
use super::super::charges::{Charge, Shared};
use super::super::object::PLATFORM;
use super::super::params::{MetadataPatch, Params};
use super::super::refusal::{Refusal, Result};
use super::super::transfer_reversals;
use super::super::transfers::Transfer;
use super::super::work::Work;

/// What a request wants brought back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Wish {
    reverse_transfer: bool,
    refund_application_fee: bool,
}

impl Wish {
    /// Reads `reverse_transfer` and `refund_application_fee`.
    ///
    /// # Errors
    ///
    /// One of them is no boolean.
    pub(super) fn read(params: &mut Params) -> Result<Self> {
        Ok(Self {
            reverse_transfer: params.flag("reverse_transfer")?.unwrap_or(false),
            refund_application_fee: params.flag("refund_application_fee")?.unwrap_or(false),
        })
    }

    /// Whether there is something to be brought back.
    ///
    /// # Errors
    ///
    /// The money of the charge was not shared in this way.
    pub(super) fn check(self, work: &Work<'_>, charge: &Charge) -> Result<()> {
        let shared = of(charge);
        let id = || work.id::<Charge>(charge.head.number);
        if self.reverse_transfer && shared.transfer.is_none() {
            let message = format!(
                "Cannot reverse transfer on charge {} because it does not have an associated transfer.",
                id()
            );
            return Err(Refusal::param(None, "reverse_transfer", message));
        }
        if self.refund_application_fee && shared.fee.is_none() {
            let message = format!(
                "Attempting to refund_application_fee on charge {}, but it has no application fee.",
                id()
            );
            return Err(Refusal::param(None, "refund_application_fee", message));
        }
        Ok(())
    }

    /// Brings back what belongs to `minor` units of a charge, and returns the reversal of its transfer. The charge must
    /// not count the refund yet.
    ///
    /// # Errors
    ///
    /// What the treasury refused.
    pub(super) fn carry_out(
        self,
        work: &mut Work<'_>,
        charge: &Charge,
        (refund, minor): (usize, u64),
    ) -> Result<Option<usize>> {
        let shared = of(charge);
        let mut reversal = None;
        if let Some(transfer) = shared.transfer.filter(|_| self.reverse_transfer) {
            let found = work.get::<Transfer>(transfer)?;
            let part = part_of(found.amount, found.reversed, minor, charge);
            if part > 0 {
                let metadata = MetadataPatch::Keep;
                reversal =
                    Some(transfer_reversals::take_back(work, (transfer, part), Some(refund), metadata)?);
            }
        }
        if let Some(fee) = shared.fee.filter(|_| self.refund_application_fee) {
            let (amount, refunded) = application_fees::amounts(work.get::<ApplicationFee>(fee)?);
            let part = part_of(amount, refunded, minor, charge);
            if part > 0 {
                // The fee is the platform's, also where the charge is another account's.
                let account = core::mem::replace(&mut work.account, PLATFORM);
                let given = application_fees::refund(work, fee, part, MetadataPatch::Keep);
                work.account = account;
                let _ = given?;
            }
        }
        Ok(reversal)
    }
}

fn of(charge: &Charge) -> Shared {
    charge.shared.as_deref().copied().unwrap_or_default()
}

/// The part of a share that belongs to a refund: what belongs to all that was given back then, less what belonged to what
/// was given back before. Rounded down in this way, the parts of one charge add up to the share.
fn part_of(share: u64, returned: u64, minor: u64, charge: &Charge) -> u64 {
    let belonging = |minor: u64| {
        let part = u128::from(share).saturating_mul(u128::from(minor));
        let part = part.checked_div(u128::from(charge.amount_captured)).unwrap_or(0);
        u64::try_from(part).unwrap_or(share)
    };
    let before = charge.amount_refunded;
    let part = belonging(before.saturating_add(minor)).saturating_sub(belonging(before));
    part.min(share.saturating_sub(returned))
}
