//! The JSON schema of fault files is what the catalogue says.

use serde_json::{Value, json};
use tillproof::simulator::{Fault, FaultPlan};

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/fault-plan.schema.json");

fn schema() -> Value {
    let delay = json!({
        "description": "From and to, in milliseconds, both possible; at most a day for requests (F), thirty days for deliveries (W).",
        "type": "array", "items": { "type": "integer", "minimum": 0, "maximum": 2_592_000_000_u64 },
        "minItems": 2, "maxItems": 2
    });
    let probability = json!({
        "description": "A decimal from 0 to 1 with at most six decimals, as text or number.",
        "oneOf": [
            { "type": "string", "pattern": "^(0(\\.[0-9]{1,6})?|1(\\.0{1,6})?)$" },
            { "type": "number", "minimum": 0, "maximum": 1 }
        ]
    });
    let rule = json!({
        "description": "When a fault happens, and how long it lasts where it delays.",
        "type": "object", "additionalProperties": false,
        "properties": {
            "probability": { "$ref": "#/$defs/probability" },
            "nth": {
                "description": "The matching calls at which it happens, counted from 1 since the plan was set.",
                "type": "array", "items": { "type": "integer", "minimum": 1 }
            },
            "delay_ms": { "$ref": "#/$defs/delay" }
        },
        "oneOf": [{ "required": ["probability"] }, { "required": ["nth"] }]
    });
    let names: Vec<&str> = Fault::all().map(Fault::name).collect();
    let line = json!({
        "description": "A single injection: this fault, at the so-many-th call of that route.",
        "type": "object", "additionalProperties": false, "required": ["fault", "call"],
        "properties": {
            "fault": { "enum": names },
            "route": {
                "description": "A route such as `POST /v1/refunds`, with `:id` or `*` for any part of the path; a type of events; a kind of transaction. Anywhere when left out.",
                "type": "string"
            },
            "call": { "type": "integer", "minimum": 1 },
            "delay_ms": { "$ref": "#/$defs/delay" }
        }
    });
    let mut properties = serde_json::Map::new();
    for fault in Fault::all() {
        let delays = if fault.delay_default_ms().is_some() { ", delays" } else { "" };
        let either = json!({
            "description": format!("{}{delays}", fault.id()),
            "oneOf": [{ "$ref": "#/$defs/probability" }, { "$ref": "#/$defs/rule" }]
        });
        let _ = properties.insert(fault.name().to_owned(), either);
    }
    let script = json!({ "type": "array", "maxItems": 10_000, "items": { "$ref": "#/$defs/line" } });
    let _ = properties.insert("script".to_owned(), script);
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A fault plan of the Tillproof gateway simulator",
        "oneOf": [
            { "enum": ["none", "gentle", "hostile", "blackout", "month-end"] },
            { "type": "object", "additionalProperties": false, "properties": properties }
        ],
        "$defs": { "delay": delay, "probability": probability, "rule": rule, "line": line }
    })
}

#[test]
fn the_schema_of_fault_files_is_that_of_the_catalogue() {
    let expected = format!("{}\n", serde_json::to_string_pretty(&schema()).unwrap());
    if std::env::var_os("WRITE_SCHEMA").is_some() {
        std::fs::write(FILE, &expected).unwrap();
    }
    let found = std::fs::read_to_string(FILE).unwrap();
    assert!(found == expected, "run this test with WRITE_SCHEMA=1 and commit docs/fault-plan.schema.json");
}

#[test]
fn every_preset_the_schema_names_is_one() {
    let schema = schema();
    for preset in schema["oneOf"][0]["enum"].as_array().unwrap() {
        assert!(FaultPlan::parse(preset.to_string().as_bytes()).is_ok(), "{preset}");
    }
}
