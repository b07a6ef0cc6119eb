//! What the names of the chart promise: which accounts are never overdrawn, and which come back to zero for each key.
//!
//! | Account | What stands there |
//! | --- | --- |
//! | `Assets:Bank:<bank>:<currency>` | what the bank's statement says |
//! | `Assets:Gateway:<gateway>:Pending`, `:Available`, `:Reserve` | what the gateway holds, will hold, or holds back |
//! | `Assets:Receivable:<currency>` | invoices that are not paid, by invoice |
//! | `Assets:Clearing:Payout:<gateway>:<currency>` | payouts under way, by payout |
//! | `Assets:Disputed:<gateway>:<currency>` | money taken for disputes, by dispute |
//! | `Liabilities:Escrow:<currency>` | held until buyer and seller agree, by order |
//! | `Liabilities:Provider:<id>:<currency>` | what a seller is owed |
//! | `Liabilities:Wallet:<id>:<currency>` | what a customer has with the merchant |
//! | `Liabilities:Refunds:Pending:<currency>` | refunds that were promised, by refund |
//! | `Liabilities:Tax:<jurisdiction>:<currency>` | tax that was collected |
//! | `Liabilities:Unidentified:<currency>` | money nobody has explained |
//! | `Equity:Conversion:<currency>` | the position in a currency |
//! | `Income:Sales`, `:Subscriptions`, `:PlatformFee`, `:Refunds` | earned, and given back |
//! | `Expenses:GatewayFee`, `:DisputeFee`, `:PayoutFee`, `:BankCharge`, `:FXFee`, `:Chargeback`, `:Rounding` | lost |
//! | `Memo:Auth:Open`, `Memo:Auth:Contra` | authorizations, on the pending layer, by authorization |
//! | `Memo:Payment:Open`, `Memo:Payment:Contra` | payments that were asked for, on the pending layer, by payment |
//!
//! A merchant's own accounts stand beside them; what is promised here can be changed by a [`Standing`](super::Standing).

use super::account::Account;
use super::standing::{Limit, is_within};

/// What holds for an account of the chart and those beneath it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChartRule {
    /// The name.
    pub name: &'static str,
    /// What may not be overdrawn.
    pub limit: Limit,
    /// Whether each key comes back to zero: what is left is under way, or wrong.
    pub clears: bool,
}

const fn clearing(name: &'static str) -> ChartRule {
    ChartRule { name, limit: Limit::Unlimited, clears: true }
}

/// The accounts of which the chart promises something.
pub const CHART: [ChartRule; 7] = [
    clearing("Assets:Clearing"),
    clearing("Assets:Disputed"),
    clearing("Assets:Receivable"),
    ChartRule { name: "Liabilities:Escrow", limit: Limit::NoDebitBalance, clears: true },
    ChartRule { name: "Liabilities:Provider", limit: Limit::NoDebitBalance, clears: false },
    clearing("Liabilities:Refunds:Pending"),
    ChartRule { name: "Liabilities:Wallet", limit: Limit::NoDebitBalance, clears: false },
];

/// What the chart promises of an account.
#[must_use]
pub fn rule(account: &Account) -> Option<ChartRule> {
    CHART.into_iter().find(|rule| is_within(account.name(), rule.name))
}
