;; Writes out the module that a bundle carries.
;;
;; Invariant: what is told here bit by bit depends on nothing but the bits before, so that the build (scripts/squeeze.mjs),
;; which runs this very text with the wanted bits at hand, comes by the same probabilities as who reads them.
;;
;; A bit is foretold by four contexts: what stood before, of which each looks at other bytes (the build writes in which). Of
;; each a state is kept under its hash, the four of them are mixed by weights that learn, and an arithmetic decoder reads
;; what then is left to be told. What stood before depends on what is read: of code it is known which byte is an
;; instruction and which an operand, and of what kind. It is a tenth smaller so than sorted and deflated.
;;
;; Not written in Rust, since the numbers are `f32`, and since each byte of it is one byte of every bundle. By the build come
;; the words in capitals: the masks of the contexts, and where the head of the module and the module end.
;;
;; Memory, from the bottom: the last four bytes of each kind, at its number and the last one highest; from 1024 the value of
;; each letter; 1152 hashes of the contexts, 1168 places of their states, 1184 what each foretells; 1280 masks; 8192 what a state
;; foretells; from 0x10000 weights by kind and instruction, from 0x80000 by kind and bits; from 0x100000 states; from 0x500000
;; the letters; from 0x600000 the module.
;;
;; Kinds: 0 to 0xf8 are operands, 0x100 instructions, 0x300 all else.
(module
  (memory (export "m") 112)
  (data (i32.const 600) "MASKS")
  (global $out (mut i32) (i32.const 0x600000))
  (global $in (mut i32) (i32.const 0x500000))
  (global $range (mut i32) (i32.const 1))
  (global $code (mut i32) (i32.const 0))

  ;; Reads one byte of a kind.
  (func $byte (param $kind i32) (result i32)
    (local $before i64) (local $byInstruction i32) (local $byBits i32) (local $bits i32) (local $at i32) (local $bit i32)
    (local $bound i32) (local $state i32) (local $p f32) (local $v v128)
    (local $lines v128) (local $node i32)

    ;; Eight bytes: highest the last instructions (of what is no code, the last bytes), below them the last bytes.
    (local.set $before (i64.or
      (i64.shl
        (i64.load32_u (i32.or (i32.and (local.get $kind) (i32.const 0x200)) (i32.const 0x100)))
        (i64.const 32))
      (i64.load32_u (i32.sub (global.get $out) (i32.const 4)))))
    (local.set $byInstruction (i32.shl
      (i32.add (i32.shl (local.get $kind) (i32.const 5)) (i32.wrap_i64 (i64.shr_u (local.get $before) (i64.const 56))))
      (i32.const 4)))
    (local.set $at (i32.const 16))
    (loop $hash
      (i64.store32 offset=1152 (local.tee $at (i32.sub (local.get $at) (i32.const 4)))
        (i64.shr_u (i64.mul
          (i64.add
            (i64.extend_i32_u (local.get $kind))
            (i64.or (local.get $before) (i64.load offset=1280 (i32.add
              (i32.shl (local.get $at) (i32.const 1))
              (i32.shr_u (i32.and (local.get $kind) (i32.const 0x300)) (i32.const 3))))))
          (i64.const 0x7feb352d)) (i64.const 32)))
      (br_if $hash (local.get $at)))

    (local.set $bits (i32.const 1))
    (local.set $node (i32.const 16))
    (loop $next
      (local.set $byBits (i32.shl (i32.add (i32.shl (local.get $kind) (i32.const 5)) (local.get $bits)) (i32.const 4)))
      ;; The states of half a byte stand in one line of the cache, so that they are looked for twice a byte and not for each bit.
      (if (i32.ge_u (local.get $node) (i32.const 16))
        (then
          (local.set $node (i32.const 1))
          (local.set $lines (v128.and
            (i32x4.shr_u
              (i32x4.mul
                (i32x4.add (v128.load offset=1152 (i32.const 0)) (i32x4.splat (local.get $bits)))
                (i32x4.splat (i32.const 0x2c1b3c6d)))
              (i32.const 10))
            (i32x4.splat (i32.const -32))))))
      (v128.store offset=1168 (i32.const 0)
        (i32x4.add (local.get $lines) (i32x4.splat (i32.shl (local.get $node) (i32.const 1)))))
      (local.set $at (i32.const 16))
      (loop $foretell
        (f32.store offset=1184 (local.tee $at (i32.sub (local.get $at) (i32.const 4)))
          (f32.load offset=8192 (i32.shl
            (i32.shr_u (i32.load16_u offset=0x100000 (i32.load offset=1168 (local.get $at))) (i32.const 4))
            (i32.const 2))))
        (br_if $foretell (local.get $at)))
      (local.set $v (f32x4.mul (v128.load offset=1184 (i32.const 0))
        (f32x4.add
          (f32x4.splat (f32.const 0.3))
          (f32x4.add (v128.load offset=0x10000 (local.get $byInstruction)) (v128.load offset=0x80000 (local.get $byBits))))))
      (local.set $p (f32.add
        (f32.add (f32x4.extract_lane 0 (local.get $v)) (f32x4.extract_lane 1 (local.get $v)))
        (f32.add (f32x4.extract_lane 2 (local.get $v)) (f32x4.extract_lane 3 (local.get $v)))))
      (local.set $p (f32.add (f32.const 0.5) (f32.mul (f32.const 0.49995)
        (f32.div (local.get $p) (f32.sqrt (f32.add (f32.const 1) (f32.mul (local.get $p) (local.get $p))))))))

      ;; <bit>
      (loop $refill
        (if (i32.lt_u (global.get $range) (i32.const 0x1000000))
          (then
            (global.set $range (i32.shl (global.get $range) (i32.const 6)))
            (global.set $code (i32.or
              (i32.shl (global.get $code) (i32.const 6))
              (i32.load8_u offset=1024 (i32.load8_u (global.get $in)))))
            (global.set $in (i32.add (global.get $in) (i32.const 1)))
            (br $refill))))
      (if (local.tee $bit (i32.lt_u
            (global.get $code)
            (local.tee $bound (i32.trunc_f32_u (f32.mul (f32.convert_i32_u (global.get $range)) (local.get $p))))))
        (then (global.set $range (local.get $bound)))
        (else
          (global.set $code (i32.sub (global.get $code) (local.get $bound)))
          (global.set $range (i32.sub (global.get $range) (local.get $bound)))))
      ;; </bit>

      ;; The weights of contexts that were right rise.
      (v128.store offset=0x10000 (local.get $byInstruction) (f32x4.add
        (v128.load offset=0x10000 (local.get $byInstruction))
        (local.tee $v (f32x4.mul
          (v128.load offset=1184 (i32.const 0))
          (f32x4.splat (f32.mul (f32.sub (f32.convert_i32_u (local.get $bit)) (local.get $p)) (f32.const 0.005)))))))
      (v128.store offset=0x80000 (local.get $byBits)
        (f32x4.add (v128.load offset=0x80000 (local.get $byBits)) (local.get $v)))
      ;; A state is how probable a bit is, less a half, in 12 bits, and in 4 how often it was seen: the less, the more it learns.
      (local.set $at (i32.const 16))
      (loop $learn
        (i32.store16 offset=0x100000
          (local.tee $bound (i32.load offset=1168 (local.tee $at (i32.sub (local.get $at) (i32.const 4)))))
          (i32.or
            (i32.and
              (i32.add
                (local.tee $state (i32.load16_s offset=0x100000 (local.get $bound)))
                (i32.div_s
                  (i32.shl (i32.sub (i32.sub (i32.shl (local.get $bit) (i32.const 16)) (i32.const 0x8000)) (local.get $state)) (i32.const 3))
                  (i32.add (i32.and (i32.shl (local.get $state) (i32.const 3)) (i32.const 0x78)) (i32.const 10))))
              (i32.const -16))
            (i32.add
              (local.tee $state (i32.and (local.get $state) (i32.const 15)))
              (i32.ne (local.get $state) (i32.const 15)))))
        (br_if $learn (local.get $at)))
      (local.set $node (i32.or (i32.shl (local.get $node) (i32.const 1)) (local.get $bit)))
      (br_if $next (i32.lt_u
        (local.tee $bits (i32.or (i32.shl (local.get $bits) (i32.const 1)) (local.get $bit)))
        (i32.const 256))))

    (i32.store8 (global.get $out) (local.get $bits))
    (global.set $out (i32.add (global.get $out) (i32.const 1)))
    (i32.store (local.get $kind) (i32.or
      (i32.shr_u (i32.load (local.get $kind)) (i32.const 8))
      (i32.shl (local.get $bits) (i32.const 24))))
    (i32.and (local.get $bits) (i32.const 0xff)))

  ;; Reads some numbers, and gives the last byte of the last: its value, where one is asked for.
  (func $numbers (param $count i32) (param $kind i32) (result i32) (local $byte i32)
    (loop $next
      (if (i32.gt_s (local.get $count) (i32.const 0))
        (then
          (local.set $count (i32.sub
            (local.get $count)
            (i32.lt_u (local.tee $byte (call $byte (local.get $kind))) (i32.const 0x80))))
          (br $next))))
    (local.get $byte))

  ;; Reads what is no code, up to a place.
  (func $rest (param $end i32)
    (loop $next
      (drop (call $byte (i32.const 0x300)))
      (br_if $next (i32.lt_u (global.get $out) (local.get $end)))))

  (func (export "u") (result i32)
    (local $functions i32) (local $start i32) (local $depth i32) (local $op i32) (local $n i32) (local $p f32)
    ;; Masks are written as a bit for each byte that is not looked at.
    (loop $next
      (i32.store8 offset=1280 (local.get $n) (i32.sub (i32.const 0) (i32.and (i32.const 1) (i32.shr_u
        (i32.load8_u offset=600 (i32.shr_u (local.get $n) (i32.const 3)))
        (i32.and (local.get $n) (i32.const 7))))))
      (br_if $next (i32.lt_u (local.tee $n (i32.add (local.get $n) (i32.const 1))) (i32.const 128))))
    (loop $next
      (f32.store offset=8192 (i32.shl (local.get $functions) (i32.const 2)) (f32.div
        (local.tee $p (f32.mul (f32.convert_i32_s (i32.shl (local.get $functions) (i32.const 20))) (f32.const 0x1p-32)))
        (f32.sqrt (f32.sub (f32.const 0.2505) (f32.mul (local.get $p) (local.get $p))))))
      (br_if $next (i32.lt_u (local.tee $functions (i32.add (local.get $functions) (i32.const 1))) (i32.const 4096))))

    (call $rest (i32.const HEAD_END))
    (local.set $functions (i32.const FUNCTIONS))
    (loop $function
      ;; Room for the size, which is known at the end.
      (global.set $out (i32.add (local.tee $start (global.get $out)) (i32.const 2)))
      (drop (call $numbers (i32.shl (call $numbers (i32.const 1) (i32.const 0x18)) (i32.const 1)) (i32.const 0x18)))
      (local.set $depth (i32.const 1))
      (loop $instruction
        (local.set $op (call $byte (i32.const 0x100)))
        ;; Whether a number stands behind it: one bit for each instruction below 0x43, of which the last three share those of
        ;; the first three.
        (if (select
              (i32.wrap_i64 (i64.and (i64.const 1) (i64.shr_u (i64.const 0x7fffff1f0003701e) (i64.extend_i32_u (local.get $op)))))
              (i32.gt_u (local.get $op) (i32.const 0xfb))
              (i32.lt_u (local.get $op) (i32.const 0x43)))
          (then
            ;; Alignments, which are hints, are left out and stay 0.
            (global.set $out (i32.add
              (global.get $out)
              (i32.lt_u (i32.sub (local.get $op) (i32.const 0x28)) (i32.const 0x17))))
            (local.set $n (call $numbers (i32.const 1) (i32.and (local.get $op) (i32.const 0xf8))))
            (if (i32.eq (local.get $op) (i32.const 0x0e))
              (then (drop (call $numbers (i32.add (local.get $n) (i32.const 1)) (i32.const 8)))))
            ;; Vectors: those from and to memory, and constants.
            (if (i32.eq (local.get $op) (i32.const 0xfd))
              (then
                (if (i32.lt_u (local.get $n) (i32.const 12))
                  (then
                    (global.set $out (i32.add (global.get $out) (i32.const 1)))
                    (drop (call $numbers (i32.const 1) (i32.const 0x28)))))
                (if (i32.eq (local.get $n) (i32.const 12))
                  (then (call $rest (i32.add (global.get $out) (i32.const 16)))))))))
        (br_if $instruction (local.tee $depth (i32.sub
          (i32.add (local.get $depth) (i32.lt_u (i32.sub (local.get $op) (i32.const 2)) (i32.const 3)))
          (i32.eq (local.get $op) (i32.const 0x0b))))))
      ;; In two bytes, the first of which says that there is another.
      (i32.store16 (local.get $start) (i32.add
        (i32.sub (i32.sub (global.get $out) (local.get $start)) (i32.const 1))
        (i32.or (i32.sub (i32.sub (global.get $out) (local.get $start)) (i32.const 2)) (i32.const 127))))
      (br_if $function (local.tee $functions (i32.sub (local.get $functions) (i32.const 1)))))
    (call $rest (i32.const MODULE_END))
    (global.get $out)))
