# Each target installs what it needs and is missing, then does its work. The scripts are plain Node.

.PHONY: demo test test-all fuzz package bench serve documents fmt lint clean

# The main job, from sources to proof: 500 orders against a hostile gateway.
demo:
	node scripts/demo.mjs $(DEMO)

# Every test; the last line is the sum.
test:
	node scripts/test.mjs

# The same and what takes long.
test-all:
	node scripts/test.mjs --all

# Every fuzz target, as many executions as scripts/fuzz.mjs says: FUZZ="--only json --runs 100000 --keep".
fuzz:
	node scripts/fuzz.mjs $(FUZZ)

# The installable package, pkg/tillproof.tgz.
package:
	node scripts/package.mjs

# Paired benchmarks, to the screen and benches/results.json; then whether times tell of secrets.
bench:
	node scripts/bench.mjs
	cargo test --release --locked --test timing -- --ignored --nocapture --test-threads=1

# The page in www/, built with the package and served on loopback.
serve:
	node scripts/serve.mjs

# What is written by programs: error codes, the report of the public types and their reference, the bill of materials and
# the licences of what is shipped, the pages of providers, llms.txt.
documents:
	node scripts/error-codes.mjs
	node scripts/api-report.mjs --reference
	node scripts/shipped.mjs
	node scripts/provider-pages.mjs
	node scripts/llms.mjs

fmt:
	cargo fmt

lint:
	node scripts/test.mjs --only format,lint

clean:
	rm -rf target pkg/dist pkg/wasm pkg/tillproof.tgz pkg/node_modules www/dist
