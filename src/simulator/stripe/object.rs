//! Objects are never changed in place while anybody remembers them: an event, or an answer stored under a key, holds the
//! version it was written with for the price of a pointer, and is rendered when it is asked for.
//!
//! One list, [`kinds!`], names every kind; the enum, the tables and the classes follow from it.

use alloc::sync::Arc;

use super::super::ids::Ids;
use super::expand::Field;
use super::sheet::Sheet;
use super::{
    accounts, application_fees, balance, balance_transactions, bank_accounts, billing, charges, customers,
    disputes, events, files, fraud_warnings, payment_intents, payment_methods, payouts, prices, products,
    refunds, setup_intents, test_clocks, tokens, transfer_reversals, transfers, webhook_endpoints,
};
use crate::prelude::*;
use crate::time::Timestamp;

/// The account of the platform: who uses no `Stripe-Account` header.
pub(super) const PLATFORM: usize = 0;

/// What every object has.
#[derive(Clone, Debug)]
pub(super) struct Head {
    /// Its place in the table of its kind, which its id says.
    pub(super) number: usize,
    /// The account it belongs to: nobody else sees it.
    pub(super) account: usize,
    pub(super) created: Timestamp,
    pub(super) metadata: Metadata,
}

/// What the merchant wrote on an object: names and values, in the order in which the names came.
pub(super) type Metadata = Option<Arc<[(String, String)]>>;

/// A kind of object.
pub(super) trait Kind: Clone + Sized {
    /// Which one.
    const CLASS: Class;
    /// What its ids begin with, without the underscore.
    const PREFIX: &'static str;
    /// Its name in the field `object` and in messages, such as `payment_intent`.
    const NAME: &'static str;
    /// The fields that may be expanded, and what they hold.
    const FIELDS: &'static [Field];
    /// Whether it shows an id: there is one balance only.
    const HAS_ID: bool = true;
    /// Whether a merchant may choose the id.
    const HAS_OWN_IDS: bool = false;

    fn head(&self) -> &Head;
    fn head_mut(&mut self) -> &mut Head;

    /// The id the merchant chose.
    fn own_id(&self) -> Option<&str> {
        None
    }

    /// Writes the members after `id` and `object`. Must depend on nothing but this version, expanded fields apart: events
    /// and stored answers are rendered later.
    fn write(&self, sheet: &mut Sheet<'_>);

    /// The table of its kind.
    fn table(tables: &Tables) -> &Table<Self>;
    fn table_mut(tables: &mut Tables) -> &mut Table<Self>;

    /// This version as an object among others.
    fn object(this: Arc<Self>) -> Object;
}

/// All objects of one kind; the number of an object is its place.
#[derive(Clone, Debug)]
pub(super) struct Table<T> {
    rows: Vec<Arc<T>>,
}

/// The id of an object: the one the merchant chose, or the one its number gives.
pub(super) fn id_of<T: Kind>(tables: &Tables, ids: &Ids, number: usize) -> String {
    let own =
        if T::HAS_OWN_IDS { T::table(tables).get(number).and_then(|found| found.own_id()) } else { None };
    own.map_or_else(|| ids.id(T::PREFIX, number), str::to_owned)
}

/// The number of the object with an id; `None` when there is none.
pub(super) fn number_of<T: Kind>(tables: &Tables, ids: &Ids, id: &str) -> Option<usize> {
    let rows = T::table(tables);
    match ids
        .number(T::PREFIX, id)
        .filter(|number| rows.get(*number).is_some_and(|found| found.own_id().is_none()))
    {
        None if T::HAS_OWN_IDS => rows.rows().iter().position(|found| found.own_id() == Some(id)),
        found => found,
    }
}

/// Brings the version of an object that another one holds up to date. Whoever shows other objects whole holds their
/// versions, so that what was written once is written the same ever after.
pub(super) fn renew<T: Kind>(held: &mut [Arc<T>], latest: Arc<T>) {
    if let Some(found) = held.iter_mut().find(|found| found.head().number == latest.head().number) {
        *found = latest;
    }
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self { rows: Vec::new() }
    }
}

impl<T: Clone> Table<T> {
    pub(super) const fn len(&self) -> usize {
        self.rows.len()
    }

    pub(super) fn get(&self, number: usize) -> Option<&Arc<T>> {
        self.rows.get(number)
    }

    /// The object to be changed; whoever remembers the present version keeps it.
    pub(super) fn edit(&mut self, number: usize) -> Option<&mut T> {
        self.rows.get_mut(number).map(Arc::make_mut)
    }

    pub(super) fn push(&mut self, row: T) {
        self.rows.push(Arc::new(row));
    }

    /// Oldest first.
    pub(super) fn rows(&self) -> &[Arc<T>] {
        &self.rows
    }
}

macro_rules! kinds {
    ($($name:ident $table:ident: $kind:path),+ $(,)?) => {
        /// Which kind.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub(super) enum Class { $($name),+ }

        /// A version of an object of any kind.
        #[derive(Clone, Debug)]
        pub(super) enum Object { $($name(Arc<$kind>)),+ }

        /// The tables of all kinds.
        #[derive(Clone, Debug, Default)]
        pub(super) struct Tables { $(pub(super) $table: Table<$kind>),+ }

        $(impl From<Arc<$kind>> for Object {
            fn from(object: Arc<$kind>) -> Self {
                Self::$name(object)
            }
        })+

        impl Class {
            /// What an id of this kind begins with.
            pub(super) const fn prefix(self) -> &'static str {
                match self { $(Self::$name => <$kind as Kind>::PREFIX),+ }
            }

            /// The fields that may be expanded.
            pub(super) const fn fields(self) -> &'static [Field] {
                match self { $(Self::$name => <$kind as Kind>::FIELDS),+ }
            }
        }

        impl Object {
            pub(super) fn class(&self) -> Class {
                match self { $(Self::$name(_) => Class::$name),+ }
            }

            pub(super) fn head(&self) -> &Head {
                match self { $(Self::$name(object) => object.head()),+ }
            }

            /// The id the merchant chose.
            pub(super) fn own_id(&self) -> Option<&str> {
                match self { $(Self::$name(object) => object.own_id()),+ }
            }

            pub(super) const fn name(&self) -> &'static str {
                match self { $(Self::$name(_) => <$kind as Kind>::NAME),+ }
            }

            pub(super) const fn has_id(&self) -> bool {
                match self { $(Self::$name(_) => <$kind as Kind>::HAS_ID),+ }
            }

            pub(super) fn write(&self, sheet: &mut Sheet<'_>) {
                match self { $(Self::$name(object) => object.write(sheet)),+ }
            }
        }

        impl Tables {
            /// The present version of an object.
            pub(super) fn object(&self, class: Class, number: usize) -> Option<Object> {
                match class { $(Class::$name => self.$table.get(number).cloned().map(Object::$name)),+ }
            }
        }
    };
}

kinds! {
    Account accounts: accounts::Account,
    ApplicationFee application_fees: application_fees::ApplicationFee,
    Balance balances: balance::Balance,
    BalanceTransaction balance_transactions: balance_transactions::BalanceTransaction,
    BankAccount bank_accounts: bank_accounts::BankAccount,
    Charge charges: charges::Charge,
    Customer customers: customers::Customer,
    Dispute disputes: disputes::Dispute,
    EarlyFraudWarning fraud_warnings: fraud_warnings::EarlyFraudWarning,
    Event events: events::Event,
    FeeRefund fee_refunds: application_fees::FeeRefund,
    File files: files::File,
    Invoice invoices: billing::Invoice,
    InvoiceItem invoice_items: billing::InvoiceItem,
    InvoicePayment invoice_payments: billing::InvoicePayment,
    PaymentIntent payment_intents: payment_intents::PaymentIntent,
    PaymentMethod payment_methods: payment_methods::PaymentMethod,
    Payout payouts: payouts::Payout,
    Price prices: prices::Price,
    Product products: products::Product,
    Refund refunds: refunds::Refund,
    SetupIntent setup_intents: setup_intents::SetupIntent,
    Subscription subscriptions: billing::Subscription,
    TestClock test_clocks: test_clocks::TestClock,
    Token tokens: tokens::Token,
    Transfer transfers: transfers::Transfer,
    TransferReversal transfer_reversals: transfer_reversals::TransferReversal,
    WebhookEndpoint webhook_endpoints: webhook_endpoints::WebhookEndpoint,
}

/// The part of [`Kind`] that is the same for each: `kind!(Customer, customers, "cus", "customer", FIELDS)`.
macro_rules! kind {
    ($name:ident, $table:ident) => {
        const CLASS: crate::simulator::stripe::object::Class = crate::simulator::stripe::object::Class::$name;

        fn head(&self) -> &crate::simulator::stripe::object::Head {
            &self.head
        }

        fn head_mut(&mut self) -> &mut crate::simulator::stripe::object::Head {
            &mut self.head
        }

        fn table(
            tables: &crate::simulator::stripe::object::Tables,
        ) -> &crate::simulator::stripe::object::Table<Self> {
            &tables.$table
        }

        fn table_mut(
            tables: &mut crate::simulator::stripe::object::Tables,
        ) -> &mut crate::simulator::stripe::object::Table<Self> {
            &mut tables.$table
        }

        fn object(this: alloc::sync::Arc<Self>) -> crate::simulator::stripe::object::Object {
            crate::simulator::stripe::object::Object::$name(this)
        }
    };
}
pub(super) use kind;
