"""The job in pandas. by_pandas.py LEDGER SETTLEMENT OUT AS_OF"""

import sys

import numpy as np
import pandas as pd

ledger, settlement, out, as_of = sys.argv[1:]
AS_OF = pd.Timestamp(as_of.removesuffix("Z"))
WINDOW = pd.Timedelta(days=2)


def read(path):
    rows = pd.read_csv(path, engine="c")
    rows["occurred_at"] = pd.to_datetime(rows["occurred_at"], format="%Y-%m-%dT%H:%M:%SZ")
    return rows


def twice(rows, side):
    several = rows[rows.duplicated("reference", keep=False)].groupby("reference")["id"].nunique()
    return {reference: "duplicate_charge" if ids > 1 else f"duplicate_record_{side}" for reference, ids in several.items()}


m, s = read(ledger), read(settlement)
named = {**twice(m, "m"), **twice(s, "s")}
both = m.drop_duplicates("reference").merge(s.drop_duplicates("reference"), on="reference", how="outer", suffixes=("", "_s"))
is_differing = (
    both["id"].isna() | both["id_s"].isna() | (both["currency"] != both["currency_s"])
    | (both["amount_minor"] != both["amount_minor_s"]) | (both["fee_minor"] != both["fee_minor_s"])
    | (both["status"] != both["status_s"]) | (both["occurred_at_s"] > both["occurred_at"] + WINDOW)
    | both["reference"].isin(named.keys())
)
found = both[is_differing].copy()
status, other = found["status"], found["status_s"]
is_stale = ((status == "succeeded") & other.isin(["refunded", "disputed"])) | ((status == "disputed") & (other == "refunded"))
kind = np.select(
    [
        found["id_s"].isna() & (found["occurred_at"] + WINDOW >= AS_OF), found["id_s"].isna(), found["id"].isna(),
        found["currency"] != found["currency_s"], found["amount_minor"] != found["amount_minor_s"],
        found["fee_minor"] != found["fee_minor_s"], (status != other) & is_stale, status != other,
    ],
    [
        "in_flight", "missing_in_settlement", "missing_in_mirror", "currency_mismatch", "amount_mismatch", "fee_mismatch",
        "status_stale", "status_mismatch",
    ],
    "late",
)
found.insert(0, "kind", found["reference"].map(named).fillna(pd.Series(kind, index=found.index)))
found.insert(0, "reference", found.pop("reference"))
found.to_csv(out, index=False)
