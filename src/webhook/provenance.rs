//! Where a row was read, and when: told by builds with the feature `webhooks-full`, weightless in all others.

/// Where a row was read.
///
/// The small artefact verifies and does not explain, so the texts are dropped from it while it is compiled: the
/// constructor is `const`, and keeps nothing without the feature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Provenance {
    #[cfg(feature = "webhooks-full")]
    told: Told,
}

/// What a row tells about itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Told {
    /// The provider, in its own spelling.
    pub provider: &'static str,
    /// Where the row was read: a repository and path, or a page.
    pub source: &'static str,
    /// When it was read, as year and month.
    pub checked: &'static str,
    /// How well it is attested.
    pub evidence: Evidence,
    /// What of the row nobody has seen confirmed; empty when all of it was.
    pub unverified: &'static str,
    /// What whoever uses the scheme should know; empty when there is nothing.
    pub note: &'static str,
}

/// How well a row is attested.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Evidence {
    /// The provider's own library was run on our vectors.
    Run,
    /// Read in the provider's own source.
    Source,
    /// A delivery the provider made was verified.
    Genuine,
    /// Read in the provider's documentation.
    Documented,
    /// Known from third parties only.
    ThirdParty,
}

/// The month in which the catalogue was read.
const CHECKED: &str = "2026-11";

impl Provenance {
    /// A row read in this place.
    #[must_use]
    pub const fn new(provider: &'static str, evidence: Evidence, source: &'static str) -> Self {
        #[cfg(feature = "webhooks-full")]
        return Self {
            told: Told { provider, source, checked: CHECKED, evidence, unverified: "", note: "" },
        };
        #[cfg(not(feature = "webhooks-full"))]
        {
            let _ = (provider, evidence, source, CHECKED);
            Self {}
        }
    }

    /// Says what of the row is not confirmed.
    #[must_use]
    pub const fn unverified(self, what: &'static str) -> Self {
        #[cfg(feature = "webhooks-full")]
        return Self { told: Told { unverified: what, ..self.told } };
        #[cfg(not(feature = "webhooks-full"))]
        {
            let _ = what;
            self
        }
    }

    /// Says what whoever uses the scheme should know.
    #[must_use]
    pub const fn note(self, what: &'static str) -> Self {
        #[cfg(feature = "webhooks-full")]
        return Self { told: Told { note: what, ..self.told } };
        #[cfg(not(feature = "webhooks-full"))]
        {
            let _ = what;
            self
        }
    }

    /// What the row tells; `None` in a build that dropped it.
    #[must_use]
    pub const fn told(&self) -> Option<&Told> {
        #[cfg(feature = "webhooks-full")]
        return Some(&self.told);
        #[cfg(not(feature = "webhooks-full"))]
        None
    }
}

impl Evidence {
    /// The stable name, as `schemes()` shows it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Run => "sdk_run",
            Self::Source => "sdk_source",
            Self::Genuine => "genuine",
            Self::Documented => "documented",
            Self::ThirdParty => "third_party",
        }
    }
}
