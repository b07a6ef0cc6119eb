//! A moment is milliseconds since 1970-01-01T00:00:00Z, and nothing here can read a clock.
//!
//! Range: 0 to 253 402 300 799 999 (the last millisecond of the year 9999), so that every moment has an RFC 3339
//! text with a four-digit year.

/// A moment, in milliseconds since the Unix epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(u64);

/// A length of time in milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Millis(u64);

impl Timestamp {
    /// The first moment: 1970-01-01T00:00:00Z.
    pub const MIN: Self = Self(0);
    /// The last moment with a four-digit year.
    pub const MAX: Self = Self(253_402_300_799_999);

    /// A moment from milliseconds; `None` beyond [`Timestamp::MAX`].
    #[must_use]
    pub const fn from_unix_ms(ms: u64) -> Option<Self> {
        if ms > Self::MAX.0 { None } else { Some(Self(ms)) }
    }

    /// A moment from whole seconds; `None` beyond [`Timestamp::MAX`].
    #[must_use]
    pub const fn from_unix_seconds(seconds: u64) -> Option<Self> {
        match seconds.checked_mul(1_000) {
            Some(ms) => Self::from_unix_ms(ms),
            None => None,
        }
    }

    /// Milliseconds since the epoch.
    #[must_use]
    pub const fn unix_ms(self) -> u64 {
        self.0
    }

    /// Whole seconds since the epoch, rounded down.
    #[must_use]
    pub const fn unix_seconds(self) -> u64 {
        self.0.wrapping_div(1_000)
    }

    /// The moment `later` after this one, or [`Timestamp::MAX`].
    #[must_use]
    pub const fn saturating_add(self, later: Millis) -> Self {
        match Self::from_unix_ms(self.0.saturating_add(later.0)) {
            Some(moment) => moment,
            None => Self::MAX,
        }
    }

    /// The moment `earlier` before this one, or [`Timestamp::MIN`].
    #[must_use]
    pub const fn saturating_sub(self, earlier: Millis) -> Self {
        Self(self.0.saturating_sub(earlier.0))
    }

    /// How long after `earlier` this moment is; zero when it is not after it.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Millis {
        Millis(self.0.saturating_sub(earlier.0))
    }
}

impl Millis {
    /// No time at all.
    pub const ZERO: Self = Self(0);

    /// A length from milliseconds.
    #[must_use]
    pub const fn new(ms: u64) -> Self {
        Self(ms)
    }

    /// A length from seconds; the longest there is when it does not fit.
    #[must_use]
    pub const fn from_seconds(seconds: u64) -> Self {
        Self(seconds.saturating_mul(1_000))
    }

    /// Milliseconds.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }

    /// The sum, or the longest there is.
    #[must_use]
    pub const fn saturating_add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}
