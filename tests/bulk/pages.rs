//! Ten thousand pages of which one byte was changed: all are refused, and the byte is named.

use tillproof::advice::Diagnose;
use tillproof::bulk::{BulkLedger, Chain};

use crate::model::{Plain, opened, sale};
use crate::random::Random;

/// Pages of books that have everything: accounts that come later, repetitions, a standing.
fn journal(chain: Chain) -> Vec<Vec<u8>> {
    let mut books = opened(chain);
    let mut pages = Vec::new();
    for batch in 0..4_u64 {
        let mut sales: Vec<Plain> =
            (0..20).map(|number| sale(&format!("sale_{batch}_{number}"), 100 + number)).collect();
        sales.push(sale("sale_0_3", 103));
        sales[5].legs[0].account = format!("Assets:Till:{batch}");
        pages.push(books.post(&sales).unwrap().1);
        if batch == 1 {
            let text = r#"{"account":"Liabilities:Wallet","cause":"desk","id":"stop","occurred_at":1,"recorded_at":2,"state":"blocked"}"#;
            let standing = tillproof::json::parse(text.as_bytes()).unwrap();
            books.draft_standing(&tillproof::ledger::Standing::from_json(&standing).unwrap()).unwrap();
            pages.push(books.seal().to_vec());
        }
    }
    pages
}

/// The first page that is refused, its code, its byte and why.
fn refusal(chain: Chain, pages: &[Vec<u8>]) -> Option<(usize, &'static str, Option<usize>, String)> {
    let mut books = BulkLedger::new(chain, [3; 16]);
    for (number, page) in pages.iter().enumerate() {
        if let Err(error) = books.replay(page) {
            let detail =
                |name| error.details().into_iter().find(|(known, _)| *known == name).map(|(_, value)| value);
            assert_eq!(detail("page"), Some((number + 1).to_string()));
            let byte = detail("byte").map(|byte| byte.parse().unwrap());
            return Some((number, error.code(), byte, detail("found").unwrap()));
        }
    }
    None
}

#[test]
fn every_changed_byte_of_a_journal_is_found_and_named() {
    for chain in [Chain::None, Chain::Batch, Chain::Transaction] {
        let pages = journal(chain);
        assert_eq!(refusal(chain, &pages), None);
        let mut random = Random::new(11);
        for _ in 0..3_400 {
            let number = random.below(pages.len() as u64) as usize;
            let at = random.below(pages[number].len() as u64) as usize;
            let mut changed = pages.clone();
            changed[number][at] ^= 1 + random.below(255) as u8;
            let (page, code, byte, why) = refusal(chain, &changed).unwrap();
            assert_eq!((page, code, byte), (number, "bulk_page_broken", Some(at)), "{chain:?} {why}");
        }
    }
}

#[test]
fn a_page_that_was_cut_left_out_repeated_or_changed_in_two_places_is_refused() {
    for chain in [Chain::Batch, Chain::Transaction] {
        let pages = journal(chain);
        let changed = |change: &dyn Fn(&mut Vec<Vec<u8>>)| {
            let mut pages = pages.clone();
            change(&mut pages);
            refusal(chain, &pages).map(|(page, _, byte, found)| (page, byte, found))
        };
        let broken = |page, byte, found: &str| Some((page, byte, found.to_owned()));
        let follows = "another number or position is written in it";
        assert_eq!(changed(&|pages| drop(pages.remove(2))), broken(2, Some(16), follows));
        assert_eq!(changed(&|pages| pages.insert(1, pages[0].clone())), broken(1, Some(16), follows));
        let short = "it does not begin as a page of its length";
        assert_eq!(
            changed(&|pages| pages[4].truncate(700)).map(|(page, _, found)| (page, found)),
            Some((4, short.to_owned()))
        );
        assert_eq!(
            changed(&|pages| pages[4].truncate(40)).map(|(page, _, found)| (page, found)),
            Some((4, "it ends within its frame".to_owned()))
        );
        let check = "its check is not that of its content";
        let twice = |pages: &mut Vec<Vec<u8>>| {
            pages[1][200] ^= 1;
            pages[1][900] ^= 8;
        };
        assert_eq!(changed(&twice), broken(1, None, check));
    }
    // Pages of other books do not follow, and neither do those of another chain.
    let (one, other) = (journal(Chain::Batch), journal(Chain::Transaction));
    let mixed = refusal(Chain::Batch, &[one[0].clone(), other[1].clone()]).unwrap();
    assert_eq!((mixed.0, mixed.2, mixed.3), (1, Some(13), "it is of another chain".to_owned()));
}

/// SHA-256 and both sums made anew: what somebody can do who wants to pass something off as a page.
#[test]
fn a_forged_page_does_not_follow_the_head_that_is_known() {
    let pages = journal(Chain::Batch);
    let mut forged = pages.clone();
    let end = forged[0].len() - 48;
    forged[0][end - 20] ^= 1;
    let (mut sum, mut weighted) = (0_u64, 0_u64);
    for word in forged[0][..end].chunks(4) {
        let mut bytes = [0; 4];
        bytes[..word.len()].copy_from_slice(word);
        sum = sum.wrapping_add(u64::from(u32::from_le_bytes(bytes)));
        weighted = weighted.wrapping_add(sum);
    }
    forged[0][end..end + 8].copy_from_slice(&sum.to_le_bytes());
    forged[0][end + 8..end + 16].copy_from_slice(&weighted.to_le_bytes());
    let digest = tillproof::crypto::sha256(&forged[0][..end + 16]);
    forged[0][end + 16..].copy_from_slice(&digest);
    // The page itself cannot tell; the next one can.
    let (page, _, byte, found) = refusal(Chain::Batch, &forged).unwrap();
    assert_eq!((page, byte, found.as_str()), (1, Some(32), "it does not follow the page before it"));
}
