//! Filling a template names what is missing and refuses what is not asked for.

use super::{Leg, Template, Term};
use crate::json::{self, Fields, Value};
use crate::ledger::account::Account;
use crate::ledger::document::{maybe_moment, moment, owned};
use crate::ledger::entry::{Entry, Link, Parts, Posting, Relation};
use crate::ledger::facts::{EventType, Facts};
use crate::ledger::{Error, ErrorKind};
use crate::money::{Amount, Currency};
use crate::prelude::*;

impl Template {
    /// An entry from a document with `template` (a name, or an own template), `id`, `occurred_at`, `recorded_at`, `cause`,
    /// `currency`, an object `amounts` of minor units by name, an object `names`, and optionally `description`, `follows`
    /// and `of` (ids of entries: the one it belongs to, and the one it takes from), `expires_at` and `facts`
    /// (`reference`, `id`, `status`, `payout_id`, `parent_reference`). Where the event has a row in a settlement report
    /// and facts are given, its type, amount and fee are added to them.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Json`], [`ErrorKind::Money`], [`ErrorKind::UnknownTemplate`], [`ErrorKind::InvalidTemplate`],
    /// [`ErrorKind::MissingTemplateValue`], then those of [`Account::parse`] and [`Entry::new`].
    pub fn fill(document: &Value<'_>) -> Result<Entry, Error> {
        let mut fields = Fields::of(document, "template")?;
        let template = match fields.optional("template") {
            Some(own @ Value::Object(_)) => Self::from_json(own)?,
            _ => Self::named(fields.text("template")?)?,
        };
        let currency = Currency::parse(fields.text("currency")?)?;
        let amounts = fields.required("amounts", "an object of amounts by name")?;
        let mut values = Values {
            template: &template.name,
            currency,
            amounts: Given::of(Some(amounts), "amounts")?,
            names: Given::of(fields.optional("names"), "names")?,
        };
        let mut postings = Vec::new();
        for leg in &template.legs {
            postings.extend(values.posting(leg)?);
        }
        let facts = match (template.event, fields.optional("facts")) {
            (Some(kind), Some(facts)) => Some(Box::new(values.facts(kind, facts)?)),
            (None, _) | (_, None) => None,
        };
        values.amounts.finish()?;
        // Every event has a gateway, also where none of its accounts is named after it.
        let _ = values.names.get("gateway");
        values.names.finish()?;
        let mut links = Vec::new();
        if let Some(relation) = template.relation {
            let entry = fields.maybe_text("of")?.ok_or_else(|| missing(&template.name, "of"))?.to_owned();
            links.push(Link { relation, entry });
        }
        if let Some(entry) = fields.maybe_text("follows")? {
            links.push(Link { relation: Relation::Follows, entry: entry.to_owned() });
        }
        let parts = Parts {
            id: fields.text("id")?.to_owned(),
            occurred_at: moment(&mut fields, "occurred_at")?,
            recorded_at: moment(&mut fields, "recorded_at")?,
            cause: fields.text("cause")?.to_owned(),
            description: fields.maybe_text("description")?.unwrap_or_default().to_owned(),
            links,
            expires_at: maybe_moment(&mut fields, "expires_at")?,
            facts,
            postings,
        };
        fields.finish()?;
        Entry::new(parts)
    }
}

fn missing(template: &str, value: &str) -> Error {
    let (template, value) = (template.to_owned(), value.to_owned());
    Error::from(ErrorKind::MissingTemplateValue { template, value })
}

/// Members of an object that are asked for by names which are data.
struct Given<'v, 'a> {
    members: &'v [(alloc::borrow::Cow<'a, str>, Value<'a>)],
    asked: Vec<String>,
}

impl<'v, 'a> Given<'v, 'a> {
    fn of(value: Option<&'v Value<'a>>, what: &'static str) -> Result<Self, Error> {
        if let Some(value) = value {
            let _ = Fields::of(value, what)?;
        }
        Ok(Self { members: value.and_then(Value::as_object).unwrap_or_default(), asked: Vec::new() })
    }

    /// The member as it stands; `None` when it is absent or null.
    fn get(&mut self, name: &str) -> Option<&'v Value<'a>> {
        self.asked.push(name.to_owned());
        let found = self.members.iter().find(|(known, _)| known.as_ref() == name);
        found.map(|(_, value)| value).filter(|value| !matches!(value, Value::Null))
    }

    fn text(&mut self, name: &str) -> Result<Option<&'v str>, Error> {
        let Some(value) = self.get(name) else { return Ok(None) };
        value.as_str().map(Some).ok_or_else(|| {
            let (expected, found) = ("texts by name", value.kind().to_owned());
            Error::from(json::Error::from(json::ErrorKind::WrongField { field: "names", expected, found }))
        })
    }

    fn finish(&self) -> Result<(), Error> {
        match self.members.iter().find(|(name, _)| !self.asked.iter().any(|asked| asked == name.as_ref())) {
            None => Ok(()),
            Some((name, _)) => {
                let field = name.clone().into_owned();
                Err(Error::from(json::Error::from(json::ErrorKind::UnknownField { field })))
            }
        }
    }
}

/// What the caller gave for one filling.
struct Values<'t, 'v, 'a> {
    template: &'t str,
    currency: Currency,
    amounts: Given<'v, 'a>,
    names: Given<'v, 'a>,
}

impl Values<'_, '_, '_> {
    fn posting(&mut self, leg: &Leg) -> Result<Option<Posting>, Error> {
        let mut given = false;
        for term in &leg.sum {
            given |= !term.optional || self.amounts.get(&term.name).is_some();
        }
        // What nobody asked for needs no names: a jurisdiction where there is no tax.
        if !given {
            self.pass_over(leg);
            return Ok(None);
        }
        let currency = match &leg.currency {
            None => self.currency,
            Some(name) => {
                Currency::parse(self.names.text(name)?.ok_or_else(|| missing(self.template, name))?)?
            }
        };
        let mut plus = Amount::zero(currency);
        let mut minus = plus;
        for Term { name, minus: away, optional } in &leg.sum {
            let amount = match self.given(name, currency)? {
                Some(amount) => amount,
                None if *optional => Amount::zero(currency),
                None => return Err(missing(self.template, name)),
            };
            let sum = if *away { &mut minus } else { &mut plus };
            *sum = sum.checked_add(amount)?;
        }
        let (side, amount) = if plus.minor() >= minus.minor() {
            (leg.side, plus.checked_sub(minus)?)
        } else {
            (leg.side.opposite(), minus.checked_sub(plus)?)
        };
        // Names are read for a leg that is left out too: what a template needs does not depend on the amounts.
        let account = self.account(&leg.account, currency)?;
        let key = match &leg.key {
            None => None,
            Some((name, optional)) => match self.names.text(name)? {
                None if !optional => return Err(missing(self.template, name)),
                given => given.map(ToOwned::to_owned),
            },
        };
        if amount.is_zero() {
            return Ok(None);
        }
        Ok(Some(Posting { account, key, side, layer: leg.layer, amount }))
    }

    /// Names of a leg that is not there are known, and need not be given.
    fn pass_over(&mut self, leg: &Leg) {
        for segment in leg.account.split(':') {
            if let Some(name) = segment.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
                let _ = self.names.get(name);
            }
        }
    }

    fn given(&mut self, name: &str, currency: Currency) -> Result<Option<Amount>, Error> {
        let amount = self.amounts.get(name).map(|amount| Amount::from_json(amount, currency));
        Ok(amount.transpose()?)
    }

    fn account(&mut self, pattern: &str, currency: Currency) -> Result<Account, Error> {
        let mut name = String::new();
        for segment in pattern.split(':') {
            if !name.is_empty() {
                name.push(':');
            }
            match segment.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
                None => name.push_str(segment),
                Some("currency") => name.push_str(currency.code()),
                Some(value) => {
                    let given = self.names.text(value)?;
                    name.push_str(given.ok_or_else(|| missing(self.template, value))?);
                }
            }
        }
        Account::parse(&name)
    }

    fn facts(&mut self, kind: EventType, document: &Value<'_>) -> Result<Facts, Error> {
        let mut fields = Fields::of(document, "facts")?;
        let (gateway_id, status) = (owned(&mut fields, "id")?, owned(&mut fields, "status")?);
        let payout_id = owned(&mut fields, "payout_id")?;
        let parent_reference = owned(&mut fields, "parent_reference")?;
        let facts = Facts {
            kind,
            reference: fields.text("reference")?.to_owned(),
            gateway_id,
            amount: self.given("amount", self.currency)?.ok_or_else(|| missing(self.template, "amount"))?,
            fee: self.given("fee", self.currency)?,
            status,
            payout_id,
            parent_reference,
        };
        fields.finish()?;
        Ok(facts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Names for every template; each is given those it asks for.
    const NAMES: [(&str, &str); 15] = [
        ("authorization", "pi_1"),
        ("bank", "main"),
        ("bought_currency", "JPY"),
        ("dispute", "dp_1"),
        ("from", "anna"),
        ("gateway", "native"),
        ("invoice", "in_1"),
        ("jurisdiction", "DE"),
        ("order", "order_1"),
        ("payment", "pay_1"),
        ("payout", "po_1"),
        ("provider", "ben"),
        ("refund", "re_1"),
        ("to", "ben"),
        ("wallet", "anna"),
    ];

    fn names(template: &str) -> String {
        let text: String =
            Template::named(template).map(|template| format!("{:?}", template.legs())).unwrap_or_default();
        let asked = NAMES.iter().filter(|(name, _)| {
            *name == "gateway"
                || text.contains(&format!("{{{name}}}"))
                || text.contains(&format!("key: Some((\"{name}\""))
                || text.contains(&format!("currency: Some(\"{name}\")"))
        });
        let members: Vec<String> = asked.map(|(name, value)| format!(r#""{name}":"{value}""#)).collect();
        members.join(",")
    }

    fn fill(template: &str, amounts: &str, facts: &str) -> Result<String, Error> {
        let names = names(template);
        let of = Template::named(template).ok().and_then(|template| template.relation());
        let of = if of.is_some() { r#","of":"hold:1""# } else { "" };
        let document = format!(
            r#"{{"template":"{template}","id":"e1","occurred_at":1,"recorded_at":2,"cause":"evt_1","currency":"USD",
                "amounts":{amounts},"names":{{{names}}}{of}{facts}}}"#
        );
        let entry = Template::fill(&json::parse(document.as_bytes())?)?;
        let postings = entry.postings().iter();
        let legs = postings.map(|leg| {
            let layer = if leg.layer == crate::ledger::Layer::Pending { "pending " } else { "" };
            let key = leg.key.as_ref().map(|key| format!("#{key}")).unwrap_or_default();
            format!("{layer}{} {}{key} {}", leg.side.name(), leg.account, leg.amount.minor())
        });
        Ok(legs.collect::<Vec<_>>().join("; "))
    }

    #[test]
    fn each_template_books_the_accounts_of_the_chart() {
        // template            amounts                        postings
        let table = [
            (
                "charge",
                r#"{"amount":"10000","fee":"320"}"#,
                "debit Assets:Gateway:native:Pending:USD 9680; debit Expenses:GatewayFee 320; \
                 credit Income:Sales 10000",
            ),
            (
                "charge",
                r#"{"amount":"10000"}"#,
                "debit Assets:Gateway:native:Pending:USD 10000; credit Income:Sales 10000",
            ),
            (
                "charge",
                r#"{"amount":"20","fee":"32"}"#,
                "credit Assets:Gateway:native:Pending:USD 12; debit Expenses:GatewayFee 32; credit Income:Sales 20",
            ),
            ("charge", r#"{"amount":32,"fee":32}"#, "debit Expenses:GatewayFee 32; credit Income:Sales 32"),
            (
                "funds_available",
                r#"{"amount":"9680"}"#,
                "debit Assets:Gateway:native:Available:USD 9680; credit Assets:Gateway:native:Pending:USD 9680",
            ),
            (
                "refund",
                r#"{"amount":"3000"}"#,
                "debit Income:Refunds 3000; credit Assets:Gateway:native:Available:USD 3000",
            ),
            (
                "refund_requested",
                r#"{"amount":"3000"}"#,
                "debit Income:Refunds 3000; credit Liabilities:Refunds:Pending:USD#re_1 3000",
            ),
            (
                "refund_sent",
                r#"{"amount":"3000"}"#,
                "debit Liabilities:Refunds:Pending:USD#re_1 3000; credit Assets:Gateway:native:Available:USD 3000",
            ),
            (
                "payout",
                r#"{"amount":"50000"}"#,
                "debit Assets:Clearing:Payout:native:USD#po_1 50000; credit Assets:Gateway:native:Available:USD 50000",
            ),
            (
                "payout_arrived",
                r#"{"amount":"50000"}"#,
                "debit Assets:Bank:main:USD 50000; credit Assets:Clearing:Payout:native:USD#po_1 50000",
            ),
            (
                "payout_failed",
                r#"{"amount":"50000"}"#,
                "debit Assets:Gateway:native:Available:USD 50000; credit Assets:Clearing:Payout:native:USD#po_1 50000",
            ),
            (
                "authorization",
                r#"{"amount":"10000"}"#,
                "pending debit Memo:Auth:Open#pi_1 10000; \
                 pending credit Memo:Auth:Contra#pi_1 10000",
            ),
            (
                "authorization_voided",
                r#"{"amount":"10000"}"#,
                "pending debit Memo:Auth:Contra#pi_1 10000; \
                 pending credit Memo:Auth:Open#pi_1 10000",
            ),
            (
                "payment_initiated",
                r#"{"amount":"10000"}"#,
                "pending debit Memo:Payment:Open#pay_1 10000; \
                 pending credit Memo:Payment:Contra#pay_1 10000",
            ),
            (
                "payment_failed",
                r#"{"amount":"10000"}"#,
                "pending debit Memo:Payment:Contra#pay_1 10000; \
                 pending credit Memo:Payment:Open#pay_1 10000",
            ),
            (
                "authorization_expired",
                r#"{"amount":"10000"}"#,
                "pending debit Memo:Auth:Contra#pi_1 10000; \
                 pending credit Memo:Auth:Open#pi_1 10000",
            ),
            (
                "capture",
                r#"{"amount":"6000","fee":"204","released":"10000"}"#,
                "pending debit Memo:Auth:Contra#pi_1 10000; \
                 pending credit Memo:Auth:Open#pi_1 10000; \
                 debit Assets:Gateway:native:Pending:USD 5796; \
                 debit Expenses:GatewayFee 204; \
                 credit Income:Sales 6000",
            ),
            (
                "charge",
                r#"{"amount":"11900","fee":"320","tax":"1900"}"#,
                "debit Assets:Gateway:native:Pending:USD 11580; \
                 debit Expenses:GatewayFee 320; \
                 credit Income:Sales 10000; \
                 credit Liabilities:Tax:DE:USD 1900",
            ),
            (
                "fee",
                r#"{"amount":"500"}"#,
                "debit Expenses:GatewayFee 500; \
                 credit Assets:Gateway:native:Available:USD 500",
            ),
            (
                "charge_fee",
                r#"{"amount":"320"}"#,
                "debit Expenses:GatewayFee 320; credit Assets:Gateway:native:Pending:USD 320",
            ),
            (
                "fee_returned",
                r#"{"amount":"320"}"#,
                "debit Assets:Gateway:native:Available:USD 320; \
                 credit Expenses:GatewayFee 320",
            ),
            (
                "refund_failed",
                r#"{"amount":"3000"}"#,
                "debit Assets:Gateway:native:Available:USD 3000; \
                 credit Liabilities:Refunds:Pending:USD#re_1 3000",
            ),
            (
                "refund_given_up",
                r#"{"amount":"3000"}"#,
                "debit Liabilities:Refunds:Pending:USD#re_1 3000; \
                 credit Income:Refunds 3000",
            ),
            (
                "dispute_opened",
                r#"{"amount":"10000","fee":"1500"}"#,
                "debit Assets:Disputed:native:USD#dp_1 10000; \
                 debit Expenses:DisputeFee 1500; \
                 credit Assets:Gateway:native:Available:USD 11500",
            ),
            (
                "dispute_won",
                r#"{"amount":"10000","fee":"1500"}"#,
                "debit Assets:Gateway:native:Available:USD 11500; \
                 credit Assets:Disputed:native:USD#dp_1 10000; \
                 credit Expenses:DisputeFee 1500",
            ),
            (
                "dispute_won",
                r#"{"amount":"10000"}"#,
                "debit Assets:Gateway:native:Available:USD 10000; \
                 credit Assets:Disputed:native:USD#dp_1 10000",
            ),
            (
                "dispute_lost",
                r#"{"amount":"10000"}"#,
                "debit Expenses:Chargeback 10000; \
                 credit Assets:Disputed:native:USD#dp_1 10000",
            ),
            (
                "payout_fee",
                r#"{"amount":"100"}"#,
                "debit Expenses:PayoutFee 100; \
                 credit Assets:Gateway:native:Available:USD 100",
            ),
            (
                "bank_charge",
                r#"{"amount":"200"}"#,
                "debit Expenses:BankCharge 200; \
                 credit Assets:Clearing:Payout:native:USD#po_1 200",
            ),
            (
                "payout_returned",
                r#"{"amount":"50000"}"#,
                "debit Assets:Clearing:Payout:native:USD#po_1 50000; \
                 credit Assets:Bank:main:USD 50000",
            ),
            (
                "escrow_held",
                r#"{"amount":"10000","fee":"320"}"#,
                "debit Assets:Gateway:native:Pending:USD 9680; \
                 debit Expenses:GatewayFee 320; \
                 credit Liabilities:Escrow:USD#order_1 10000",
            ),
            (
                "escrow_released",
                r#"{"amount":"10000","platform_fee":"1000"}"#,
                "debit Liabilities:Escrow:USD#order_1 10000; \
                 credit Liabilities:Provider:ben:USD 9000; \
                 credit Income:PlatformFee 1000",
            ),
            (
                "escrow_refunded",
                r#"{"amount":"10000"}"#,
                "debit Liabilities:Escrow:USD#order_1 10000; \
                 credit Liabilities:Refunds:Pending:USD#re_1 10000",
            ),
            (
                "escrow_split",
                r#"{"refunded":"4000","released":"6000","platform_fee":"600"}"#,
                "debit Liabilities:Escrow:USD#order_1 10000; \
                 credit Liabilities:Refunds:Pending:USD#re_1 4000; \
                 credit Liabilities:Provider:ben:USD 5400; \
                 credit Income:PlatformFee 600",
            ),
            (
                "claw_back",
                r#"{"amount":"10000","platform_fee":"1000"}"#,
                "debit Liabilities:Provider:ben:USD 9000; \
                 debit Income:Refunds 1000; \
                 credit Liabilities:Refunds:Pending:USD#re_1 10000",
            ),
            (
                "provider_paid",
                r#"{"amount":"9000"}"#,
                "debit Liabilities:Provider:ben:USD 9000; \
                 credit Assets:Bank:main:USD 9000",
            ),
            (
                "conversion",
                r#"{"amount":"8500","bought":"13780"}"#,
                "debit Equity:Conversion:USD 8500; \
                 credit Assets:Gateway:native:Pending:USD 8500; \
                 debit Assets:Gateway:native:Pending:JPY 13780; \
                 credit Equity:Conversion:JPY 13780",
            ),
            (
                "conversion_fee",
                r#"{"amount":"92"}"#,
                "debit Expenses:FXFee 92; \
                 credit Assets:Gateway:native:Pending:USD 92",
            ),
            (
                "rounding_loss",
                r#"{"amount":"1"}"#,
                "debit Expenses:Rounding 1; \
                 credit Equity:Conversion:USD 1",
            ),
            (
                "rounding_gain",
                r#"{"amount":"1"}"#,
                "debit Equity:Conversion:USD 1; \
                 credit Expenses:Rounding 1",
            ),
            (
                "wallet_topped_up",
                r#"{"amount":"10000","fee":"320"}"#,
                "debit Assets:Gateway:native:Pending:USD 9680; \
                 debit Expenses:GatewayFee 320; \
                 credit Liabilities:Wallet:anna:USD 10000",
            ),
            (
                "wallet_transfer",
                r#"{"amount":"2500","fee":"25"}"#,
                "debit Liabilities:Wallet:anna:USD 2525; \
                 credit Liabilities:Wallet:ben:USD 2500; \
                 credit Income:PlatformFee 25",
            ),
            (
                "wallet_withdrawn",
                r#"{"amount":"4000"}"#,
                "debit Liabilities:Wallet:anna:USD 4000; \
                 credit Assets:Clearing:Payout:native:USD#po_1 4000",
            ),
            (
                "wallet_hold",
                r#"{"amount":"2500"}"#,
                "pending debit Liabilities:Wallet:anna:USD 2500; \
                 pending credit Liabilities:Wallet:ben:USD 2500",
            ),
            (
                "wallet_hold_captured",
                r#"{"amount":"2000","released":"2500"}"#,
                "pending debit Liabilities:Wallet:ben:USD 2500; \
                 pending credit Liabilities:Wallet:anna:USD 2500; \
                 debit Liabilities:Wallet:anna:USD 2000; \
                 credit Liabilities:Wallet:ben:USD 2000",
            ),
            (
                "wallet_hold_voided",
                r#"{"amount":"2500"}"#,
                "pending debit Liabilities:Wallet:ben:USD 2500; \
                 pending credit Liabilities:Wallet:anna:USD 2500",
            ),
            (
                "reserve_held",
                r#"{"amount":"968"}"#,
                "debit Assets:Gateway:native:Reserve:USD 968; \
                 credit Assets:Gateway:native:Pending:USD 968",
            ),
            (
                "reserve_released",
                r#"{"amount":"968"}"#,
                "debit Assets:Gateway:native:Pending:USD 968; \
                 credit Assets:Gateway:native:Reserve:USD 968",
            ),
            (
                "subscription_invoice",
                r#"{"amount":"11900","tax":"1900"}"#,
                "debit Assets:Receivable:USD#in_1 11900; \
                 credit Income:Subscriptions 10000; \
                 credit Liabilities:Tax:DE:USD 1900",
            ),
            (
                "invoice_paid",
                r#"{"amount":"11900","fee":"320"}"#,
                "debit Assets:Gateway:native:Pending:USD 11580; \
                 debit Expenses:GatewayFee 320; \
                 credit Assets:Receivable:USD#in_1 11900",
            ),
            (
                "tax_remitted",
                r#"{"amount":"1900"}"#,
                "debit Liabilities:Tax:DE:USD 1900; \
                 credit Assets:Bank:main:USD 1900",
            ),
            (
                "unidentified",
                r#"{"amount":"77"}"#,
                "debit Assets:Bank:main:USD 77; \
                 credit Liabilities:Unidentified:USD 77",
            ),
        ];
        for (template, amounts, expected) in table {
            assert_eq!(fill(template, amounts, "").unwrap(), expected, "{template}");
        }
        for template in Template::names() {
            assert!(table.iter().any(|(name, ..)| *name == template), "{template} is not tested");
        }
    }

    #[test]
    fn what_is_missing_or_misspelt_is_named() {
        let table = [
            ("chrage", r#"{"amount":"1"}"#, "", "there is no template \"chrage\": see the list of templates"),
            ("charge", r#"{"fee":"1"}"#, "", "the template `charge` needs the value `amount`: add it"),
            (
                "charge",
                r#"{"amount":"1","fe":"1"}"#,
                "",
                "the field \"fe\" is not known here: remove it or mend its name",
            ),
            ("charge", "{}", "", "the template `charge` needs the value `amount`: add it"),
            ("charge", r#"{"amount":"0"}"#, "", "the entry has 0 postings: expected 2 to 256"),
            (
                "charge",
                r#"{"amount":-1}"#,
                "",
                "\"-1\" is not an amount: expected minor units as plain digits, without sign, fraction or space",
            ),
            (
                "charge",
                r#"{"amount":"1"}"#,
                r#","facts":{"id":"x"}"#,
                "the field `reference` is missing: expected a non-empty string",
            ),
            (
                "charge",
                r#"{"amount":"1"}"#,
                r#","colour":1"#,
                "the field \"colour\" is not known here: remove it or mend its name",
            ),
        ];
        for (template, amounts, rest, expected) in table {
            assert_eq!(
                fill(template, amounts, rest).unwrap_err().to_string(),
                expected,
                "{template} {amounts}"
            );
        }
    }
}
