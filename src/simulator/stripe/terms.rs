//! What a merchant says of a payment beside its amount: an intent and the charges it makes have the same terms.

use alloc::sync::Arc;

use super::accounts::{self, Account};
use super::addresses::{self, Shipping};
use super::object::PLATFORM;
use super::params::{Params, Patch};
use super::refusal::{Refusal, Result};
use super::sheet::Sheet;
use super::work::Work;
use crate::prelude::*;

/// What card statements show of a merchant, in characters (<https://docs.stripe.com/get-started/account/statement-descriptors>).
const DESCRIPTOR_CHARS_MAX: usize = 22;

/// Part of the statement that is the same for all payments of this gateway.
const DESCRIPTOR: &str = "TILLPROOF";

/// What a merchant says of a payment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Terms {
    pub(super) description: Option<String>,
    pub(super) receipt_email: Option<String>,
    /// Apart, as most payments have none and every payment has terms.
    pub(super) shipping: Option<Box<Shipping>>,
    pub(super) statement_descriptor: Option<String>,
    pub(super) statement_descriptor_suffix: Option<String>,
    pub(super) transfer_group: Option<String>,
    /// Minor units the platform keeps.
    pub(super) application_fee: Option<u64>,
    /// The connected account that is the merchant of record.
    pub(super) on_behalf_of: Option<usize>,
    /// The connected account the money goes to.
    pub(super) transfer: Option<Destination>,
}

/// Where the money of a payment is passed on to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Destination {
    pub(super) account: usize,
    /// All of it when nothing is said.
    pub(super) amount: Option<u64>,
}

/// What a request wants of the terms.
#[derive(Clone, Debug)]
pub(super) struct TermsPatch {
    description: Patch<String>,
    receipt_email: Patch<String>,
    shipping: Patch<Shipping>,
    statement_descriptor: Patch<String>,
    statement_descriptor_suffix: Patch<String>,
    transfer_group: Patch<String>,
    application_fee: Patch<u64>,
    on_behalf_of: Patch<usize>,
    destination: Option<usize>,
    /// Of what is passed on.
    transfer_amount: Option<u64>,
}

impl TermsPatch {
    /// Reads what an intent or a charge may be told.
    ///
    /// # Errors
    ///
    /// A value is wrong.
    pub(super) fn read(work: &Work<'_>, params: &mut Params) -> Result<Self> {
        let on_behalf_of = match params.patch("on_behalf_of")? {
            Patch::Keep => Patch::Keep,
            Patch::Unset => Patch::Unset,
            Patch::Set(id) => Patch::Set(accounts::connected(work, &id, "on_behalf_of")?),
        };
        let (destination, transfer_amount) = transfer_data(work, params)?;
        Ok(Self {
            description: params.patch("description")?,
            receipt_email: addresses::email(params, "receipt_email")?,
            shipping: Shipping::read(params, true)?,
            statement_descriptor: descriptor(params, "statement_descriptor")?,
            statement_descriptor_suffix: descriptor(params, "statement_descriptor_suffix")?,
            transfer_group: params.patch("transfer_group")?,
            application_fee: application_fee(params)?,
            on_behalf_of,
            destination,
            transfer_amount,
        })
    }

    /// Reads what a charge may be told later.
    ///
    /// # Errors
    ///
    /// A value is wrong.
    pub(super) fn read_of_charge(params: &mut Params) -> Result<Self> {
        Ok(Self {
            description: params.patch("description")?,
            receipt_email: addresses::email(params, "receipt_email")?,
            shipping: Shipping::read(params, true)?,
            statement_descriptor: Patch::Keep,
            statement_descriptor_suffix: Patch::Keep,
            transfer_group: params.patch("transfer_group")?,
            application_fee: Patch::Keep,
            on_behalf_of: Patch::Keep,
            destination: None,
            transfer_amount: None,
        })
    }

    /// Reads what a capture may be told.
    ///
    /// # Errors
    ///
    /// A value is wrong.
    pub(super) fn read_of_capture(params: &mut Params) -> Result<Self> {
        let mut transfer_amount = None;
        if let Patch::Set(mut data) = params.object("transfer_data")? {
            transfer_amount = data.positive("amount")?;
            data.finish()?;
        }
        Ok(Self {
            description: Patch::Keep,
            receipt_email: Patch::Keep,
            shipping: Patch::Keep,
            statement_descriptor: descriptor(params, "statement_descriptor")?,
            statement_descriptor_suffix: descriptor(params, "statement_descriptor_suffix")?,
            transfer_group: Patch::Keep,
            application_fee: application_fee(params)?,
            on_behalf_of: Patch::Keep,
            destination: None,
            transfer_amount,
        })
    }

    /// Whether anything is said.
    pub(super) fn is_silent(&self) -> bool {
        matches!(
            self,
            Self {
                description: Patch::Keep,
                receipt_email: Patch::Keep,
                shipping: Patch::Keep,
                statement_descriptor: Patch::Keep,
                statement_descriptor_suffix: Patch::Keep,
                transfer_group: Patch::Keep,
                application_fee: Patch::Keep,
                on_behalf_of: Patch::Keep,
                destination: None,
                transfer_amount: None,
            }
        )
    }

    /// Whether a payment of `minor` units can be shared as it is asked for, and as `terms` said before.
    ///
    /// # Errors
    ///
    /// More is kept back or passed on than is paid, there is nobody to share it with, or both ways to share it are asked
    /// for, which exclude each other (<https://docs.stripe.com/connect/destination-charges>).
    pub(super) fn check_shares(&self, work: &Work<'_>, terms: &Terms, minor: u64) -> Result<()> {
        const FEE: &str = "application_fee_amount";
        let destination = self.destination.or(terms.transfer.map(|before| before.account));
        let (fee, passed_on) = (self.application_fee(), self.transfer_amount);
        if passed_on.is_some() && destination.is_none() {
            return Err(Refusal::missing("transfer_data[destination]"));
        }
        if fee.is_some() && work.account == PLATFORM && destination.is_none() {
            let message = "Can only apply an application_fee_amount when the PaymentIntent is attempting a direct payment \
                           (using an OAuth key or Stripe-Account header) or destination payment (using \
                           `transfer_data[destination]`).";
            return Err(Refusal::param(None, FEE, message.to_owned()));
        }
        let asked =
            [("application fee", FEE, fee), ("amount to transfer", "transfer_data[amount]", passed_on)];
        for (what, param, part) in asked {
            if let Some(part) = part.filter(|part| *part > minor) {
                let message =
                    format!("The {what} ({part}) cannot exceed the amount of the payment ({minor}).");
                return Err(Refusal::param(None, param, message));
            }
        }
        let keeps_fee = match self.application_fee {
            Patch::Keep => terms.application_fee.is_some(),
            Patch::Unset => false,
            Patch::Set(_) => true,
        };
        let before = terms.transfer.filter(|_| self.destination.is_none()).and_then(|before| before.amount);
        if keeps_fee && passed_on.or(before).is_some() && (fee.is_some() || passed_on.is_some()) {
            let message = "Only one of application_fee_amount and transfer_data[amount] may be given: what is not passed on \
                           is kept already.";
            return Err(Refusal::param(None, FEE, message.to_owned()));
        }
        Ok(())
    }

    /// Whether the request touches how the payment is shared.
    pub(super) const fn shares(&self) -> Option<&'static str> {
        match self {
            Self { application_fee: Patch::Set(_) | Patch::Unset, .. } => Some("application_fee_amount"),
            Self { destination: Some(_), .. } | Self { transfer_amount: Some(_), .. } => {
                Some("transfer_data")
            }
            Self { on_behalf_of: Patch::Set(_) | Patch::Unset, .. } => Some("on_behalf_of"),
            _ => None,
        }
    }

    /// The fee the platform asks for, where one is named.
    pub(super) const fn application_fee(&self) -> Option<u64> {
        match self.application_fee {
            Patch::Set(minor) => Some(minor),
            Patch::Keep | Patch::Unset => None,
        }
    }

    /// Does what is wanted. Terms nobody changes are shared.
    pub(super) fn apply(self, terms: &mut Arc<Terms>) {
        if self.is_silent() {
            return;
        }
        let terms = Arc::make_mut(terms);
        self.description.apply(&mut terms.description);
        self.receipt_email.apply(&mut terms.receipt_email);
        match self.shipping {
            Patch::Keep => {}
            Patch::Unset => terms.shipping = None,
            Patch::Set(shipping) => terms.shipping = Some(Box::new(shipping)),
        }
        self.statement_descriptor.apply(&mut terms.statement_descriptor);
        self.statement_descriptor_suffix.apply(&mut terms.statement_descriptor_suffix);
        self.transfer_group.apply(&mut terms.transfer_group);
        self.application_fee.apply(&mut terms.application_fee);
        self.on_behalf_of.apply(&mut terms.on_behalf_of);
        if let Some(account) = self.destination {
            terms.transfer = Some(Destination { account, amount: None });
        }
        if let Some(transfer) = &mut terms.transfer {
            transfer.amount = self.transfer_amount.or(transfer.amount);
        }
    }
}

/// `transfer_data`: the account the money is passed on to, and how much of it.
fn transfer_data(work: &Work<'_>, params: &mut Params) -> Result<(Option<usize>, Option<u64>)> {
    let Patch::Set(mut data) = params.object("transfer_data")? else { return Ok((None, None)) };
    let (destination, amount) = (data.text("destination")?, data.positive("amount")?);
    let param = data.name("destination");
    data.finish()?;
    let destination = destination.map(|id| accounts::connected(work, &id, &param)).transpose()?;
    Ok((destination, amount))
}

fn application_fee(params: &mut Params) -> Result<Patch<u64>> {
    if params.is_unset("application_fee_amount") {
        let _ = params.take("application_fee_amount");
        return Ok(Patch::Unset);
    }
    Ok(params.natural("application_fee_amount")?.map_or(Patch::Keep, Patch::Set))
}

fn descriptor(params: &mut Params, name: &str) -> Result<Patch<String>> {
    let found = params.patch_up_to(name, DESCRIPTOR_CHARS_MAX)?;
    if let Patch::Set(text) = &found
        && text.contains(['<', '>', '\\', '\'', '"', '*'])
    {
        let name = params.name(name);
        let message = format!("The {name} may not contain any of: < > \\ ' \" *");
        return Err(Refusal::param(None, &name, message));
    }
    Ok(found)
}

impl Terms {
    /// Whether the account the money is to go to is still there.
    ///
    /// # Errors
    ///
    /// It was deleted after the payment was made.
    pub(super) fn check_destination(&self, work: &Work<'_>) -> Result<()> {
        let gone = self.transfer.filter(|transfer| !accounts::is_open(work, transfer.account));
        match gone {
            Some(transfer) => {
                let id = work.id::<Account>(transfer.account);
                Err(Refusal::no_such_param("destination", &id, "transfer_data[destination]"))
            }
            None => Ok(()),
        }
    }

    /// What the card statement will show.
    pub(super) fn calculated_descriptor(&self) -> String {
        match &self.statement_descriptor_suffix {
            Some(suffix) => glued(&[DESCRIPTOR, "* ", suffix]).chars().take(DESCRIPTOR_CHARS_MAX).collect(),
            None => DESCRIPTOR.to_owned(),
        }
    }

    /// Writes `shipping`.
    pub(super) fn write_shipping(&self, sheet: &mut Sheet<'_>) {
        Shipping::write_of_payment(sheet, self.shipping.as_deref());
    }

    /// Writes `transfer_data`, or `null`.
    pub(super) fn write_transfer_data(&self, sheet: &mut Sheet<'_>) {
        let Some(Destination { account, amount }) = self.transfer else { return sheet.null("transfer_data") };
        sheet.within("transfer_data", |sheet| {
            sheet.maybe_natural("amount", amount);
            sheet.reference::<Account>("destination", Some(account));
        });
    }

    /// Writes the statement descriptors.
    pub(super) fn write_descriptors(&self, sheet: &mut Sheet<'_>) {
        sheet.maybe_text("statement_descriptor", self.statement_descriptor.as_deref());
        sheet.maybe_text("statement_descriptor_suffix", self.statement_descriptor_suffix.as_deref());
    }
}
