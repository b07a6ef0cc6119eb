//! An amount always knows its currency and is never rounded silently.
//!
//! Amounts are non-negative integers of minor units (cents), at most [`Amount::MINOR_MAX`]. Which side of an account
//! they stand on is said by the word debit or credit, never by a sign. There is no `+`, no `Default` and no way in or
//! out through floating point.
//!
//! ```
//! use tillproof::money::{Amount, Currency, Rate, Rounding, convert};
//!
//! let price = Amount::parse_major("19.99", Currency::EUR)?;
//! assert_eq!(price.minor(), 1_999);
//!
//! // Three people share it and no cent is lost.
//! let shares: Vec<u64> = price.split(3)?.into_iter().map(Amount::minor).collect();
//! assert_eq!(shares, [667, 666, 666]);
//!
//! // A conversion says what rounding took or gave.
//! let done = convert(price, Currency::USD, &Rate::parse("1.08085")?, Rounding::HalfEven)?;
//! assert_eq!((done.converted.to_major(), done.remainder), ("21.61".to_owned(), "-0.38085".to_owned()));
//! # Ok::<(), tillproof::money::Error>(())
//! ```

mod allocate;
mod amount;
mod currency;
mod decimal;
mod error;
#[cfg(feature = "rates")]
mod fx;
mod iso4217;

pub use allocate::PARTS_MAX;
pub use amount::Amount;
pub use currency::Currency;
pub use error::{Error, ErrorKind};
#[cfg(feature = "rates")]
pub use fx::{Conversion, Rate, Rounding, convert};
