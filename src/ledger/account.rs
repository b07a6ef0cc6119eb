//! An account's name says what kind it is, and its kind says on which side it grows.

use alloc::sync::Arc;

use super::Error;
use crate::prelude::*;

/// Longest account name in bytes: what fits into a line of a report and an index of a database.
pub const ACCOUNT_BYTES_MAX: usize = 200;

/// Most segments in a name, the root included. Deeper trees are a sign of data hidden in names.
pub const SEGMENTS_MAX: usize = 8;

/// Longest segment in bytes: provider ids stay below 40.
pub const SEGMENT_BYTES_MAX: usize = 64;

/// One of the two sides of an account. Whether a side means more or less depends on the account's [`Kind`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Side {
    /// The left side: assets and expenses grow here.
    Debit,
    /// The right side: liabilities, equity and income grow here.
    Credit,
}

impl Side {
    /// The word in documents: `debit` or `credit`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Debit => "debit",
            Self::Credit => "credit",
        }
    }

    /// The side of a word; `None` for any other word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Debit, Self::Credit].into_iter().find(|side| side.name() == word)
    }

    /// The other side.
    #[must_use]
    pub const fn opposite(self) -> Self {
        match self {
            Self::Debit => Self::Credit,
            Self::Credit => Self::Debit,
        }
    }
}

/// What an account is, by the root of its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// `Assets`: what the merchant has, at a gateway, in transit or at a bank.
    Asset,
    /// `Liabilities`: what the merchant owes, such as escrow, wallets and taxes.
    Liability,
    /// `Equity`: also the trading accounts of currency conversion.
    Equity,
    /// `Income`: sales and platform fees; refunds stand here against sales.
    Income,
    /// `Expenses`: fees, chargebacks and losses.
    Expense,
    /// `Memo`: notes outside the balance sheet, such as open authorizations.
    Memo,
}

impl Kind {
    /// All kinds, in the order of a trial balance.
    pub const ALL: [Self; 6] =
        [Self::Asset, Self::Liability, Self::Equity, Self::Income, Self::Expense, Self::Memo];

    /// The first segment of the names of this kind.
    #[must_use]
    pub const fn root(self) -> &'static str {
        match self {
            Self::Asset => "Assets",
            Self::Liability => "Liabilities",
            Self::Equity => "Equity",
            Self::Income => "Income",
            Self::Expense => "Expenses",
            Self::Memo => "Memo",
        }
    }

    /// The word in documents: `asset`, `liability`, and so on.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Asset => "asset",
            Self::Liability => "liability",
            Self::Equity => "equity",
            Self::Income => "income",
            Self::Expense => "expense",
            Self::Memo => "memo",
        }
    }

    /// The side on which accounts of this kind grow; their balance is positive there.
    #[must_use]
    pub const fn normal_side(self) -> Side {
        match self {
            Self::Asset | Self::Expense | Self::Memo => Side::Debit,
            Self::Liability | Self::Equity | Self::Income => Side::Credit,
        }
    }
}

/// A checked account name such as `Assets:Gateway:native:Pending:EUR`. Cheap to clone.
///
/// Segments are separated by colons; the first is a [`Kind::root`], and there is at least one more. A segment is made
/// of ASCII letters, digits, `-`, `_` and `.`, and begins with a letter or digit, so that hledger reads it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Account {
    name: Arc<str>,
    kind: Kind,
}

impl Account {
    /// The account of a name.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidAccount`](super::ErrorKind::InvalidAccount), which says what is wrong with the name.
    pub fn parse(name: &str) -> Result<Self, Error> {
        let refused = |expected| Err(Error::invalid_account(name, expected));
        if name.len() > ACCOUNT_BYTES_MAX {
            return refused("at most 200 bytes");
        }
        let segments: Vec<&str> = name.split(':').collect();
        let root = segments.first().copied().unwrap_or_default();
        let Some(kind) = Kind::ALL.into_iter().find(|kind| kind.root() == root) else {
            return refused(
                "one of Assets, Liabilities, Equity, Income, Expenses, Memo before the first colon",
            );
        };
        if segments.len() < 2 {
            return refused("at least one segment after the root, such as Assets:Bank");
        }
        if segments.len() > SEGMENTS_MAX {
            return refused("at most 8 segments");
        }
        if segments.iter().any(|segment| segment.is_empty() || segment.len() > SEGMENT_BYTES_MAX) {
            return refused("segments of 1 to 64 bytes");
        }
        if !segments.iter().all(|segment| plain(segment)) {
            return refused("segments of letters, digits, - _ and . that begin with a letter or digit");
        }
        Ok(Self { name: name.into(), kind })
    }

    /// The whole name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What the account is.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// The side on which the account grows.
    #[must_use]
    pub const fn normal_side(&self) -> Side {
        self.kind.normal_side()
    }
}

fn plain(segment: &str) -> bool {
    segment.starts_with(|first: char| first.is_ascii_alphanumeric())
        && segment.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
}

impl core::fmt::Display for Account {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(&self.name)
    }
}

impl core::fmt::Debug for Account {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(&self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kind_and_normal_side_follow_from_the_root() {
        let table = [
            ("Assets:Gateway:native:Pending:EUR", "asset", "debit"),
            ("Liabilities:Escrow", "liability", "credit"),
            ("Equity:Conversion", "equity", "credit"),
            ("Income:Sales", "income", "credit"),
            ("Expenses:GatewayFee", "expense", "debit"),
            ("Memo:Auth:Open", "memo", "debit"),
        ];
        for (name, kind, side) in table {
            let account = Account::parse(name).unwrap();
            assert_eq!(
                (account.name(), account.kind().name(), account.normal_side().name()),
                (name, kind, side)
            );
        }
    }

    #[test]
    fn names_that_no_report_could_show_are_refused_with_the_reason() {
        let long_segment = format!("Assets:{}", "a".repeat(SEGMENT_BYTES_MAX + 1));
        let too_long = format!("Assets{}", ":abcdefghijklmnopqrstuvwxyz0123456789".repeat(6));
        let table: [(&str, &str); 10] = [
            ("", "before the first colon"),
            ("assets:Bank", "before the first colon"),
            ("Assets", "at least one segment"),
            ("Assets:", "segments of 1 to 64 bytes"),
            ("Assets::Bank", "segments of 1 to 64 bytes"),
            ("Assets:-Bank", "that begin with a letter or digit"),
            ("Assets:Bank 1", "segments of letters, digits"),
            ("Assets:Bücher", "segments of letters, digits"),
            (&long_segment, "segments of 1 to 64 bytes"),
            (&too_long, "at most 200 bytes"),
        ];
        for (name, reason) in table {
            let message = Account::parse(name).unwrap_err().to_string();
            assert!(message.contains(reason), "{name}: {message}");
        }
        assert!(Account::parse("Assets:2:3:4:5:6:7:8").is_ok());
        assert!(Account::parse("Assets:2:3:4:5:6:7:8:9").unwrap_err().to_string().contains("at most 8"));
    }

    #[test]
    fn a_side_is_its_own_opposite_twice() {
        for side in [Side::Debit, Side::Credit] {
            assert_ne!(side.opposite(), side);
            assert_eq!(side.opposite().opposite(), side);
            assert_eq!(Side::parse(side.name()), Some(side));
        }
        assert_eq!(Side::parse("Debit"), None);
    }
}
