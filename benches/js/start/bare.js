/** What every script costs. */
