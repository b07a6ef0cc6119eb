//! `:86:` as banks fill it: free text, subfields behind `?20`, words between slashes, and SEPA words behind a plus.
//!
//! What is found is taken out of nothing: the text is the whole field, with the marks of subfields as spaces.

use crate::prelude::*;

/// What a narrative says.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Narrative {
    /// All of it in one line.
    pub(super) text: String,
    /// The end-to-end reference; empty where there is none.
    pub(super) reference: String,
    /// The other side's name.
    pub(super) name: String,
    /// The other side's account.
    pub(super) account: String,
}

/// SEPA words, each followed by a plus.
const WORDS: [&str; 12] =
    ["EREF", "KREF", "MREF", "CRED", "DEBT", "SVWZ", "ABWA", "ABWE", "IBAN", "BIC", "PURP", "COAM"];

impl Narrative {
    pub(super) fn of(field: &str) -> Self {
        let joined = field.replace('\n', "");
        if joined.contains("?20") || joined.contains("?32") {
            return Self::of_subfields(&joined);
        }
        if joined.starts_with('/') {
            return Self::of_slashes(field, &joined);
        }
        Self { text: in_one_line(field), reference: word(&joined, "EREF"), ..Self::default() }
    }

    /// German banks: a booking code, then `?20` to `?29` and `?60` to `?63` with text, `?31` account, `?32` and `?33` name.
    fn of_subfields(joined: &str) -> Self {
        let mut told = Self::default();
        for part in joined.split('?').skip(1) {
            let Some((code, text)) = part.split_at_checked(2) else { continue };
            match code {
                "31" => text.clone_into(&mut told.account),
                "32" | "33" => told.name.push_str(text),
                "20" | "21" | "22" | "23" | "24" | "25" | "26" | "27" | "28" | "29" | "60" | "61" | "62"
                | "63" => {
                    told.text.push_str(text);
                }
                _ => {}
            }
        }
        told.reference = word(&told.text, "EREF");
        told
    }

    /// Dutch and other banks: `/TRTP/…/EREF/…/NAME/…`.
    fn of_slashes(field: &str, joined: &str) -> Self {
        let value = |name: &str| {
            let start = joined
                .find(&glued(&["/", name, "/"]))
                .map(|at| at.saturating_add(name.len()).saturating_add(2));
            let rest = start.and_then(|start| joined.get(start..)).unwrap_or_default();
            let end = rest.find('/').unwrap_or(rest.len());
            rest.get(..end).unwrap_or_default().trim().to_owned()
        };
        let reference = value("EREF");
        let reference = if reference.eq_ignore_ascii_case("NOTPROVIDED") { String::new() } else { reference };
        Self { text: in_one_line(field), reference, name: value("NAME"), account: value("IBAN") }
    }
}

/// The lines of a field, parted by single spaces.
fn in_one_line(field: &str) -> String {
    field.lines().map(str::trim).collect::<Vec<_>>().join(" ")
}

/// What stands behind a SEPA word, up to the next one.
fn word(text: &str, wanted: &str) -> String {
    let mark = |word: &str| glued(&[word, "+"]);
    let Some((_, rest)) = text.split_once(&mark(wanted)) else { return String::new() };
    let end = WORDS.iter().filter_map(|word| rest.find(&mark(word))).min().unwrap_or(rest.len());
    let value = rest.get(..end).unwrap_or_default().trim();
    if value.eq_ignore_ascii_case("NOTPROVIDED") { String::new() } else { value.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_and_names_are_found_in_every_way_banks_write_them() {
        // field, text, reference, name, account
        let table = [
            ("PAYOUT po_1", "PAYOUT po_1", "", "", ""),
            ("EREF+po_1 SVWZ+Payout\nof the week", "EREF+po_1 SVWZ+Payout of the week", "po_1", "", ""),
            (
                "166?00GUTSCHRIFT?20EREF+po_\n12?21SVWZ+Payout?30BANKDEFF?31DE02?32Gate\nway?33 GmbH",
                "EREF+po_12SVWZ+Payout",
                "po_12",
                "Gateway GmbH",
                "DE02",
            ),
            (
                "/TRTP/SEPA/IBAN/NL01/NAME/Gateway/REMI/Payout/EREF/po_1",
                "/TRTP/SEPA/IBAN/NL01/NAME/Gateway/REMI/Payout/EREF/po_1",
                "po_1",
                "Gateway",
                "NL01",
            ),
            ("/EREF/NOTPROVIDED/NAME/A", "/EREF/NOTPROVIDED/NAME/A", "", "A", ""),
        ];
        for (field, text, reference, name, account) in table {
            let [text, reference, name, account] = [text, reference, name, account].map(str::to_owned);
            assert_eq!(Narrative::of(field), Narrative { text, reference, name, account }, "{field}");
        }
    }
}
