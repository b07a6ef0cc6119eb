//! The words of all providers mean one state, and the states have an order that money follows.

/// The state of a payment, payout or refund, in one word for all providers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct State<'a>(&'a str);

/// Word and state; a word that is not here stands for itself. Those that nearly all rows bear come first.
const WORDS: &[(&str, &str)] = &[
    ("succeeded", "completed"),
    ("paid", "completed"),
    ("available", "completed"),
    ("canceled", "voided"),
    ("cancelled", "voided"),
    ("captured", "completed"),
    ("chargeback", "disputed"),
    ("charged_back", "disputed"),
    ("complete", "completed"),
    ("created", "pending"),
    ("declined", "failed"),
    ("in_transit", "processing"),
    ("initiated", "pending"),
    ("posted", "completed"),
    ("rejected", "failed"),
    ("requires_action", "pending"),
    ("requires_capture", "authorized"),
    ("requires_confirmation", "pending"),
    ("requires_payment_method", "pending"),
    ("returned", "failed"),
    ("reversed", "refunded"),
    ("settled", "completed"),
    ("submitted", "processing"),
    ("success", "completed"),
    ("won", "completed"),
];

/// From, to: the steps of the contract's machine, with disputes. Longer ways are found step by step.
const STEPS: &[(&str, &str)] = &[
    ("pending", "processing"),
    ("pending", "failed"),
    ("processing", "authorized"),
    ("processing", "completed"),
    ("processing", "failed"),
    ("authorized", "completed"),
    ("authorized", "voided"),
    ("authorized", "expired"),
    ("completed", "partially_refunded"),
    ("completed", "refunded"),
    ("completed", "disputed"),
    ("partially_refunded", "refunded"),
    ("partially_refunded", "disputed"),
    ("disputed", "lost"),
    ("disputed", "refunded"),
];

/// The state of a word in any case; `None` for no word.
pub(super) fn parse(word: &str) -> Option<State<'_>> {
    if word.is_empty() {
        return None;
    }
    let known = WORDS.iter().find(|(from, _)| from.eq_ignore_ascii_case(word)).map(|(_, to)| *to);
    let own = || STEPS.iter().flat_map(|(from, to)| [*from, *to]).find(|own| own.eq_ignore_ascii_case(word));
    Some(State(known.or_else(own).unwrap_or(word)))
}

impl<'a> State<'a> {
    /// The word itself.
    pub(super) const fn word(self) -> &'a str {
        self.0
    }

    /// Whether the money moved or surely will.
    pub(super) fn moves_money(self) -> bool {
        !matches!(self.0, "failed" | "voided" | "expired") && !self.is_open()
    }

    /// Whether it must still become something else.
    pub(super) fn is_open(self) -> bool {
        matches!(self.0, "pending" | "processing" | "authorized")
    }

    /// Whether a way leads from here to another state. Payouts and refunds may fail after they were paid.
    pub(super) fn leads_to(self, other: State<'_>, may_come_back: bool) -> bool {
        if may_come_back && self.0 == "completed" && other.0 == "failed" {
            return true;
        }
        STEPS
            .iter()
            .any(|(from, to)| *from == self.0 && (*to == other.0 || State(to).leads_to(other, may_come_back)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_providers_mean_one_state_and_an_unknown_word_stands_for_itself() {
        // status        state              moves money
        let table = [
            ("succeeded", "completed", true),
            ("Paid", "completed", true),
            ("refunded", "refunded", true),
            ("on_the_moon", "on_the_moon", true),
            ("canceled", "voided", false),
            ("DECLINED", "failed", false),
            ("pending", "pending", false),
        ];
        for (status, state, moves) in table {
            let found = parse(status).unwrap();
            assert_eq!((found.0, found.moves_money()), (state, moves), "{status}");
        }
        assert_eq!(parse(""), None);
    }

    #[test]
    fn a_way_leads_where_the_steps_lead() {
        // from, to, may come back, is there a way
        let table = [
            ("pending", "refunded", false, true),
            ("authorized", "expired", false, true),
            ("completed", "pending", false, false),
            ("completed", "failed", false, false),
            ("completed", "failed", true, true),
            ("pending", "failed", false, true),
            ("refunded", "completed", false, false),
            ("completed", "completed", false, false),
        ];
        for (from, to, back, expected) in table {
            assert_eq!(parse(from).unwrap().leads_to(parse(to).unwrap(), back), expected, "{from} {to}");
        }
    }
}
