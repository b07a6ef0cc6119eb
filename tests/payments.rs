//! The payment machine through its public door: tables of what each answer leads to, and a hostile world in which a
//! naive auditor counts charges.

mod payments {
    mod table;
    mod world;
}
