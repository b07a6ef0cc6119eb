//! Settlement reports and bank statements: they agree to the cent, in every format, unless a drift was injected; and every
//! drift can be seen by somebody.

use std::collections::BTreeMap;

use tillproof::simulator::{Dialect, Fault, FaultPlan, Gateway, Options, Outcome, Request};

use super::shop::Shop;

const DAY_S: u64 = 86_400;

/// A shop whose platform is paid out every day, with a connected account in Germany, and what both were asked for.
struct Month {
    shop: Shop,
    german: String,
    /// How many webhooks were sent.
    sent: usize,
    /// Everything a merchant could read on the way.
    seen: String,
}

impl Month {
    fn new(seed: u64, plan: &str) -> Self {
        let mut shop = Shop::new(seed);
        shop.gateway = Gateway::new(Options {
            seed,
            dialect: Dialect::Stripe,
            faults: FaultPlan::parse(plan.as_bytes()).unwrap(),
            ..Options::default()
        });
        let schedule = "payments[payouts][schedule][interval]=daily";
        assert_eq!(shop.post("/v1/balance_settings", schedule).status, 200);
        let _ = shop.post("/v1/webhook_endpoints", "url=http://a.test/hook&enabled_events[0]=*");
        let german = shop.post("/v1/accounts", "type=standard&country=DE").id();
        Self { shop, german, sent: 0, seen: String::new() }
    }

    /// A payment, as a form after amount and currency.
    fn pay(&mut self, minor: u64, currency: &str, more: &str) -> String {
        let form = format!(
            "amount={minor}&currency={currency}&confirm=true&payment_method=pm_card_visa\
             &automatic_payment_methods[enabled]=true&automatic_payment_methods[allow_redirects]=never{more}"
        );
        self.shop.post("/v1/payment_intents", &form).id()
    }

    fn wait(&mut self, seconds: u64) {
        let target = self.shop.now.saturating_add(tillproof::time::Millis::from_seconds(seconds));
        while let Some(due) = self.shop.gateway.poll_timeout().filter(|due| *due <= target) {
            self.shop.gateway.handle_timeout(due).unwrap();
            while let Some(delivery) = self.shop.gateway.poll_delivery(due, due.unix_seconds()) {
                self.sent += 1;
                self.shop.gateway.handle_delivery(due, &delivery.id, Outcome::Answered(200)).unwrap();
            }
        }
        self.shop.now = target;
    }

    /// A report of the simulator itself.
    fn read(&mut self, target: &str) -> String {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let request = Request {
            method: "GET".to_owned(),
            path: format!("/_tillproof/{path}"),
            query: query.to_owned(),
            ..Request::default()
        };
        let exchange = self.shop.gateway.handle(self.shop.now, &request);
        assert_eq!(exchange.status, 200, "{target}: {}", exchange.body);
        exchange.body
    }

    fn note(&mut self) {
        let german = format!("settlement.csv?account={}", self.german);
        for target in ["settlement.csv", german.as_str(), "statement.xml?format=csv"] {
            let text = self.read(target);
            self.seen.push_str(&text);
        }
    }

    /// Two busy weeks: payments, part captures, refunds, a dispute, a hold that is left alone.
    fn pass(&mut self) {
        for day in 0..4_u64 {
            let whole = self.pay(10_000 + day, "usd", "");
            let _ = self.pay(2_000 + day, "eur", "");
            let _ = self.pay(7_000 + day, "usd", "&payment_method=pm_card_createDispute");
            let part = self.pay(5_000, "usd", "&capture_method=manual");
            let _ = self.shop.post(&format!("/v1/payment_intents/{part}/capture"), "amount_to_capture=3000");
            let _ = self.pay(900, "usd", "&capture_method=manual");
            let german = self.german.clone();
            let direct = "amount=4000&currency=usd&confirm=true&payment_method=pm_card_visa\
                          &automatic_payment_methods[enabled]=true&automatic_payment_methods[allow_redirects]=never";
            let key = format!("direct {day}");
            let headers = [("stripe-account", german.as_str()), ("idempotency-key", key.as_str())];
            assert_eq!(self.shop.send("POST", "/v1/payment_intents", direct, &headers).status, 200);
            self.wait(3_600);
            let refund = format!("payment_intent={whole}&amount=1500");
            assert_eq!(self.shop.post("/v1/refunds", &refund).status, 200);
            self.note();
            self.wait(DAY_S);
        }
        self.wait(20 * DAY_S);
        self.note();
        let events = self.shop.events().join(" ");
        self.seen.push_str(&format!("{events} {}", self.sent));
    }
}

/// Rows of a CSV file by the name of the column. No field here is quoted.
fn rows(csv: &str) -> Vec<BTreeMap<String, String>> {
    let mut lines = csv.lines();
    let header: Vec<&str> = lines.next().unwrap().split(',').collect();
    let row = |line: &str| {
        header.iter().map(|name| (*name).to_owned()).zip(line.split(',').map(str::to_owned)).collect()
    };
    lines.map(row).collect()
}

/// Minor units of a decimal with two decimals.
fn cents(text: &str) -> i64 {
    if text.is_empty() { 0 } else { text.replace(['.', ','], "").parse().unwrap() }
}

fn add(sums: &mut BTreeMap<String, i64>, name: &str, minor: i64) {
    *sums.entry(name.to_owned()).or_default() += minor;
}

#[test]
fn all_formats_of_report_and_statement_say_the_same_to_the_cent() {
    let mut month = Month::new(7, "{}");
    month.pass();
    let payouts = month.shop.get("/v1/payouts?limit=100").body;
    let paid: BTreeMap<String, i64> = payouts["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|payout| (payout["id"].as_str().unwrap().to_owned(), payout["amount"].as_i64().unwrap()))
        .collect();
    assert!(paid.len() >= 6, "{paid:?}");

    let mut generic = BTreeMap::new();
    for row in rows(&month.read("settlement.csv")) {
        if !row["payout_id"].is_empty() && row["type"] != "payout" {
            add(&mut generic, &row["payout_id"], row["net_minor"].parse().unwrap());
        }
    }
    assert_eq!(generic, paid, "generic");

    let mut stripe = BTreeMap::new();
    for row in rows(&month.read("settlement.csv?format=stripe")) {
        assert_eq!(cents(&row["gross"]) - cents(&row["fee"]), cents(&row["net"]), "{row:?}");
        if row["reporting_category"] != "payout" {
            add(&mut stripe, &row["automatic_payout_id"], cents(&row["net"]));
        }
    }
    assert_eq!(stripe, paid, "stripe");

    let (mut adyen, mut batches) = (BTreeMap::new(), BTreeMap::new());
    for row in rows(&month.read("settlement.csv?format=adyen")) {
        let net = cents(&row["Net Credit (NC)"]) - cents(&row["Net Debit (NC)"]);
        let fees: i64 = ["Commission (NC)", "Markup (NC)", "Scheme Fees (NC)", "Interchange (NC)"]
            .map(|name| cents(&row[name]))
            .into_iter()
            .sum();
        if row["Gross Currency"] == row["Net Currency"] {
            let gross = cents(&row["Gross Credit (GC)"]) - cents(&row["Gross Debit (GC)"]);
            assert_eq!(gross - fees, net, "{row:?}");
        }
        let sums = if row["Type"] == "MerchantPayout" { &mut batches } else { &mut adyen };
        if !row["Batch Number"].is_empty() {
            add(sums, &row["Batch Number"], if row["Type"] == "MerchantPayout" { -net } else { net });
        }
    }
    assert_eq!(adyen, batches, "adyen");

    let mut bank = BTreeMap::new();
    for row in rows(&month.read("statement.xml?format=csv")) {
        add(&mut bank, &row["reference"], row["amount_minor"].parse().unwrap());
    }
    assert_eq!(bank, paid, "bank");

    let total = |currency: &str| -> i64 {
        let of = |payout: &&serde_json::Value| payout["currency"] == currency;
        payouts["data"].as_array().unwrap().iter().filter(of).map(|one| one["amount"].as_i64().unwrap()).sum()
    };
    let mt940 = month.read("statement.xml?format=mt940");
    for (currency, code) in [("usd", "USD"), ("eur", "EUR")] {
        let closing = mt940.lines().find(|line| line.starts_with(":62F:") && line.contains(code)).unwrap();
        assert_eq!(cents(closing.split(code).nth(1).unwrap()), total(currency), "{mt940}");
        let entries: i64 = mt940
            .split(":20:")
            .find(|message| message.contains(&format!(":25:000123456789{code}")))
            .unwrap()
            .lines()
            .filter_map(|line| line.strip_prefix(":61:"))
            .map(|line| (line.get(10..11), cents(line.get(11..).unwrap().split("NTRF").next().unwrap())))
            .map(|(mark, minor)| if mark == Some("C") { minor } else { -minor })
            .sum();
        assert_eq!(entries, total(currency), "{mt940}");
    }
    let camt = month.read("statement.xml");
    let closings = camt.split("<Cd>CLBD</Cd>").skip(1).map(|rest| {
        let amount = rest.split("<Amt Ccy=\"").nth(1).unwrap();
        (amount.get(..3).unwrap().to_lowercase(), cents(amount.get(5..).unwrap().split('<').next().unwrap()))
    });
    assert_eq!(
        closings.collect::<Vec<_>>(),
        [("eur".to_owned(), total("eur")), ("usd".to_owned(), total("usd"))]
    );
}

#[test]
fn one_payout_is_written_like_this_by_bank_and_provider() {
    let mut month = Month::new(7, "{}");
    let _ = month.pay(10_000, "usd", "&payment_method=pm_card_bypassPending");
    month.wait(7 * DAY_S);
    let mut camt = month.read("statement.xml").replace('\n', "");
    for element in ["GrpHdr", "Stmt", "Bal", "TxsSummry", "Ntry", "NtryDtls"] {
        camt = camt.replace(&format!("<{element}>"), &format!("\n<{element}>"));
    }
    insta::assert_snapshot!(camt, @r#"
    <?xml version="1.0" encoding="UTF-8"?><Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><BkToCstmrStmt>
    <GrpHdr><MsgId>TILLPROOF-1</MsgId><CreDtTm>2026-01-08T00:00:00Z</CreDtTm></GrpHdr>
    <Stmt><Id>TILLPROOF-1-1</Id><ElctrncSeqNb>1</ElctrncSeqNb><CreDtTm>2026-01-08T00:00:00Z</CreDtTm><FrToDt><FrDtTm>2026-01-06T00:00:00Z</FrDtTm><ToDtTm>2026-01-08T00:00:00Z</ToDtTm></FrToDt><Acct><Id><Othr><Id>000123456789</Id></Othr></Id><Ccy>USD</Ccy></Acct>
    <Bal><Tp><CdOrPrtry><Cd>OPBD</Cd></CdOrPrtry></Tp><Amt Ccy="USD">0.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>2026-01-06</Dt></Dt></Bal>
    <Bal><Tp><CdOrPrtry><Cd>CLBD</Cd></CdOrPrtry></Tp><Amt Ccy="USD">96.80</Amt><CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>2026-01-08</Dt></Dt></Bal>
    <TxsSummry><TtlCdtNtries><NbOfNtries>1</NbOfNtries><Sum>96.80</Sum></TtlCdtNtries><TtlDbtNtries><NbOfNtries>0</NbOfNtries><Sum>0.00</Sum></TtlDbtNtries></TxsSummry>
    <Ntry><NtryRef>bank_000000004e7f5cc9cdc45e1e</NtryRef><Amt Ccy="USD">96.80</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts><BookgDt><Dt>2026-01-06</Dt></BookgDt><ValDt><Dt>2026-01-06</Dt></ValDt><AcctSvcrRef>bank_000000004e7f5cc9cdc45e1e</AcctSvcrRef><BkTxCd><Domn><Cd>PMNT</Cd><Fmly><Cd>RCDT</Cd><SubFmlyCd>ESCT</SubFmlyCd></Fmly></Domn></BkTxCd>
    <NtryDtls><TxDtls><Refs><AcctSvcrRef>bank_000000004e7f5cc9cdc45e1e</AcctSvcrRef><EndToEndId>po_0000000069e328928c2b6f05</EndToEndId><TxId>021000000000001</TxId></Refs><Amt Ccy="USD">96.80</Amt><CdtDbtInd>CRDT</CdtDbtInd><RmtInf><Ustrd>PAYOUT po_0000000069e328928c2b6f05</Ustrd></RmtInf></TxDtls></NtryDtls><AddtlNtryInf>PAYOUT po_0000000069e328928c2b6f05</AddtlNtryInf></Ntry></Stmt></BkToCstmrStmt></Document>
    "#);
    insta::assert_snapshot!(month.read("statement.xml?format=mt940").replace('\r', ""), @"
    :20:TILLPROOF1
    :25:000123456789USD
    :28C:1/1
    :60F:C260106USD0,00
    :61:2601060106C96,80NTRF021000000000001//4e7f5cc9cdc45e1e
    :86:PAYOUT po_0000000069e328928c2b6f05
    :62F:C260108USD96,80
    -
    ");
    insta::assert_snapshot!(month.read("settlement.csv?format=adyen"), @"
    Company Account,Merchant Account,Psp Reference,Merchant Reference,Payment Method,Creation Date,TimeZone,Type,Modification Reference,Gross Currency,Gross Debit (GC),Gross Credit (GC),Exchange Rate,Net Currency,Net Debit (NC),Net Credit (NC),Commission (NC),Markup (NC),Scheme Fees (NC),Interchange (NC),Payment Method Variant,Modification Merchant Reference,Batch Number
    TillproofCompany,TillproofSimulator,ch_0000000029ba12b886a2dc34,pi_000000004e1c42ae772c1c3c,visa,2026-01-01 00:00:00,UTC,Settled,,USD,,100.00,1,USD,,96.80,0.00,0.96,0.32,1.92,visa,,1
    TillproofCompany,TillproofSimulator,,,,2026-01-02 00:00:00,UTC,MerchantPayout,,USD,96.80,,1,USD,96.80,,,,,,,,1
    ");
    insta::assert_snapshot!(month.read("settlement.csv?format=stripe"), @"
    automatic_payout_id,automatic_payout_effective_at_utc,balance_transaction_id,created_utc,available_on_utc,currency,gross,fee,net,reporting_category,source_id,description,customer_facing_amount,customer_facing_currency,charge_id,payment_intent_id,charge_created_utc,payment_method_type
    po_0000000069e328928c2b6f05,2026-01-06 00:00:00,txn_000000001769009273aaa466,2026-01-01 00:00:00,2026-01-01 00:00:00,usd,100.00,3.20,96.80,charge,ch_0000000029ba12b886a2dc34,,100.00,usd,ch_0000000029ba12b886a2dc34,pi_000000004e1c42ae772c1c3c,2026-01-01 00:00:00,card
    po_0000000069e328928c2b6f05,2026-01-06 00:00:00,txn_00000001d67298f4d7b08ee8,2026-01-02 00:00:00,2026-01-02 00:00:00,usd,-96.80,0.00,-96.80,payout,po_0000000069e328928c2b6f05,,,,,,,
    ");
}

#[test]
fn every_fault_of_money_is_told_in_the_ground_truth_and_can_be_seen() {
    let mut quiet = Month::new(7, "{}");
    quiet.pass();
    let of_money: Vec<Fault> = Fault::all().filter(|fault| fault.id().starts_with('S')).collect();
    assert_eq!(of_money.len(), 30);
    for fault in of_money {
        // The first hold is captured before it can expire.
        let nth = if fault == Fault::AuthorizationShort { 2 } else { 1 };
        let mut month = Month::new(7, &format!(r#"{{"{}":{{"nth":[{nth}]}}}}"#, fault.name()));
        month.pass();
        let told = month.shop.gateway.ground_truth();
        assert_eq!(told.iter().map(|one| one.fault).collect::<Vec<_>>(), [fault.name()], "{}", fault.name());
        let one = told.first().unwrap();
        assert!(one.kind.is_some() && !one.objects.is_empty() && one.reference.is_some(), "{one:?}");
        assert_ne!(month.seen, quiet.seen, "nobody can see {}", fault.name());
    }
}

#[test]
fn the_books_balance_whatever_befalls_the_money() {
    let of_money = Fault::all().filter(|fault| fault.id().starts_with('S'));
    let plan: Vec<String> = of_money.map(|fault| format!(r#""{}":"0.2""#, fault.name())).collect();
    let mut month = Month::new(7, &format!("{{{}}}", plan.join(",")));
    month.pass();
    assert!(month.shop.gateway.ground_truth().len() > 20);
    let mut sums: BTreeMap<String, i64> = BTreeMap::new();
    let mut cursor = String::new();
    loop {
        let page = month.shop.get(&format!("/v1/balance_transactions?limit=100{cursor}")).body;
        let data = page["data"].as_array().unwrap();
        for one in data {
            add(&mut sums, one["currency"].as_str().unwrap(), one["net"].as_i64().unwrap());
        }
        match data.last() {
            Some(last) if page["has_more"] == true => {
                cursor = format!("&starting_after={}", last["id"].as_str().unwrap());
            }
            _ => break,
        }
    }
    let balance = month.shop.get("/v1/balance").body;
    for (currency, sum) in sums {
        let of = |name: &str| -> i64 {
            let amounts = balance[name].as_array().unwrap().iter().filter(|one| one["currency"] == *currency);
            amounts.map(|one| one["amount"].as_i64().unwrap()).sum()
        };
        assert_eq!(of("available") + of("pending"), sum, "{currency}");
    }
}
