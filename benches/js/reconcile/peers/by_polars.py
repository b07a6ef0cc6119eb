"""The job in Polars, lazy and streaming. by_polars.py LEDGER SETTLEMENT OUT AS_OF (threads: POLARS_MAX_THREADS)"""

import sys
from datetime import datetime, timedelta

import polars as pl

ledger, settlement, out, as_of = sys.argv[1:]
AS_OF = datetime.fromisoformat(as_of.removesuffix("Z"))
WINDOW = timedelta(days=2)
SCHEMA = {
    "id": pl.String, "reference": pl.String, "amount_minor": pl.Int64, "currency": pl.String, "fee_minor": pl.Int64,
    "status": pl.String, "occurred_at": pl.String,
}
m, s = (pl.scan_csv(path, schema=SCHEMA, quote_char=None) for path in (ledger, settlement))


def twice(rows, side):
    same = pl.col("id").n_unique() == 1
    found = rows.group_by("reference").agg(pl.len().alias("rows"), same.alias("is_one_event")).filter(pl.col("rows") > 1)
    return found.select("reference", pl.lit(side).alias("side"), "is_one_event")


col = pl.col
ours = col("occurred_at").str.to_datetime("%Y-%m-%dT%H:%M:%SZ")
theirs = col("occurred_at_s").str.to_datetime("%Y-%m-%dT%H:%M:%SZ")
stale = (
    (col("status") == "succeeded") & col("status_s").is_in(["refunded", "disputed"])
) | ((col("status") == "disputed") & (col("status_s") == "refunded"))
kind = (
    pl.when(col("is_one_event").eq(False)).then(pl.lit("duplicate_charge"))
    .when(col("side").is_not_null()).then(pl.lit("duplicate_record_") + col("side"))
    .when(col("id_s").is_null() & (ours + WINDOW >= AS_OF)).then(pl.lit("in_flight"))
    .when(col("id_s").is_null()).then(pl.lit("missing_in_settlement"))
    .when(col("id").is_null()).then(pl.lit("missing_in_mirror"))
    .when(col("currency") != col("currency_s")).then(pl.lit("currency_mismatch"))
    .when(col("amount_minor") != col("amount_minor_s")).then(pl.lit("amount_mismatch"))
    .when(col("fee_minor") != col("fee_minor_s")).then(pl.lit("fee_mismatch"))
    .when((col("status") != col("status_s")) & stale).then(pl.lit("status_stale"))
    .when(col("status") != col("status_s")).then(pl.lit("status_mismatch"))
    .when(theirs > ours + WINDOW).then(pl.lit("late"))
)
found = (
    m.join(s, on="reference", how="full", coalesce=True, suffix="_s")
    .join(pl.concat([twice(m, "m"), twice(s, "s")]), on="reference", how="left")
    .select("reference", kind.alias("kind"), pl.exclude("reference", "side", "is_one_event"))
    .filter(col("kind").is_not_null())
    .unique("reference")
)
found.sink_csv(out)
