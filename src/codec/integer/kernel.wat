;; Convolution of 16-bit integers, the one kernel of decoder and encoder: `convolution.ts` says what it computes, `kernel.ts` calls it.
;;
;; A tile is 4 cells × 8 output channels. `i32x4.dot_i16x8_s` multiplies pairs of input channels, so a kernel lies in memory as
;; [output channels / 8][taps][input channels / 2][8][2], and a cell's channels side by side, all in 16 bits.
(module
  (memory (export "memory") 1)

  ;; What all tiles of a call share.
  (global $taps (mut i32) (i32.const 0))      ;; byte offsets from the middle cell, i32 each
  (global $tapsEnd (mut i32) (i32.const 0))
  (global $quads (mut i32) (i32.const 0))     ;; input channels / 4
  (global $slope (mut v128) (v128.const i32x4 0 0 0 0))
  (global $low (mut v128) (v128.const i32x4 0 0 0 0))
  (global $high (mut v128) (v128.const i32x4 0 0 0 0))
  (global $limit (mut v128) (v128.const i32x4 0 0 0 0))
  (global $accumulate (mut i32) (i32.const 0))
  (global $activated (mut i32) (i32.const 0)) ;; bytes from an output to its activated copy; 0: none
  (global $mask (mut i32) (i32.const 0))      ;; bytes from an output to the value that it is a gradient of; 0: none
  (global $fall (mut v128) (v128.const i32x4 0 0 0 0))

  ;; Runs `tiles` of 4 cells through all blocks of 8 output channels.
  ;; $inCells, $outCells: i32 cell numbers, 4 a tile; $constants: for each block 8 i32 biases, then 8 f32 multipliers.
  (func (export "convolve")
    (param $tiles i32) (param $blocks i32)
    (param $in i32) (param $inBytes i32) (param $inCells i32)
    (param $out i32) (param $outBytes i32) (param $outCells i32)
    (param $kernel i32) (param $constants i32)
    (param $tapsAt i32) (param $tapCount i32) (param $quadCount i32)
    (param $slopeOf f32) (param $limitOf i32) (param $accumulates i32) (param $activatedAt i32)
    (param $maskAt i32) (param $fallOf i32)
    (local $block i32) (local $tile i32) (local $i i32) (local $o i32) (local $blockBytes i32)
    (global.set $taps (local.get $tapsAt))
    (global.set $tapsEnd (i32.add (local.get $tapsAt) (i32.shl (local.get $tapCount) (i32.const 2))))
    (global.set $quads (local.get $quadCount))
    (global.set $slope (f32x4.splat (local.get $slopeOf)))
    (global.set $low (f32x4.splat (f32.convert_i32_s (i32.sub (i32.const 0) (local.get $limitOf)))))
    (global.set $high (f32x4.splat (f32.convert_i32_s (local.get $limitOf))))
    (global.set $limit (i16x8.splat (local.get $limitOf)))
    (global.set $accumulate (local.get $accumulates))
    (global.set $activated (local.get $activatedAt))
    (global.set $mask (local.get $maskAt))
    (global.set $fall (i16x8.splat (local.get $fallOf)))
    (local.set $blockBytes (i32.shl (i32.mul (local.get $tapCount) (local.get $quadCount)) (i32.const 6)))
    (loop $eachBlock
      (local.set $tile (i32.const 0))
      (local.set $i (local.get $inCells))
      (local.set $o (local.get $outCells))
      (loop $eachTile
        (call $tile
          (i32.add (local.get $in) (i32.mul (i32.load offset=0 (local.get $i)) (local.get $inBytes)))
          (i32.add (local.get $in) (i32.mul (i32.load offset=4 (local.get $i)) (local.get $inBytes)))
          (i32.add (local.get $in) (i32.mul (i32.load offset=8 (local.get $i)) (local.get $inBytes)))
          (i32.add (local.get $in) (i32.mul (i32.load offset=12 (local.get $i)) (local.get $inBytes)))
          (i32.add (local.get $out) (i32.mul (i32.load offset=0 (local.get $o)) (local.get $outBytes)))
          (i32.add (local.get $out) (i32.mul (i32.load offset=4 (local.get $o)) (local.get $outBytes)))
          (i32.add (local.get $out) (i32.mul (i32.load offset=8 (local.get $o)) (local.get $outBytes)))
          (i32.add (local.get $out) (i32.mul (i32.load offset=12 (local.get $o)) (local.get $outBytes)))
          (local.get $kernel)
          (local.get $constants))
        (local.set $i (i32.add (local.get $i) (i32.const 16)))
        (local.set $o (i32.add (local.get $o) (i32.const 16)))
        (br_if $eachTile
          (i32.lt_u (local.tee $tile (i32.add (local.get $tile) (i32.const 1))) (local.get $tiles))))
      (local.set $kernel (i32.add (local.get $kernel) (local.get $blockBytes)))
      (local.set $constants (i32.add (local.get $constants) (i32.const 64)))
      (local.set $out (i32.add (local.get $out) (i32.const 16)))
      (br_if $eachBlock
        (i32.lt_u (local.tee $block (i32.add (local.get $block) (i32.const 1))) (local.get $blocks)))))

  ;; Puts a kernel [taps][depth][blocks · 8] of bytes in the order of `convolve`, as 16-bit integers; `depth` is a multiple of 4.
  ;; Adds up Σ |kernel| · weight of each output channel, by the 16-bit weight of each input channel: 8 · `blocks` i32 at $sums.
  (func (export "pack")
    (param $from i32) (param $taps i32) (param $depth i32) (param $blocks i32)
    (param $weights i32) (param $into i32) (param $sums i32)
    (local $block i32) (local $source i32) (local $pair i32) (local $tap i32) (local $row i32)
    (local $k v128) (local $low v128) (local $high v128) (local $a v128) (local $b v128) (local $weight v128)
    (local.set $row (i32.shl (local.get $blocks) (i32.const 3)))
    (loop $eachBlock
      (local.set $a (v128.const i32x4 0 0 0 0))
      (local.set $b (v128.const i32x4 0 0 0 0))
      (local.set $source (i32.add (local.get $from) (i32.shl (local.get $block) (i32.const 3))))
      (local.set $tap (i32.const 0))
      (loop $eachTap
        (local.set $pair (i32.const 0))
        (loop $eachPair
          (local.set $k
            (i8x16.shuffle 0 16 1 17 2 18 3 19 4 20 5 21 6 22 7 23
              (v128.load64_zero (local.get $source))
              (v128.load64_zero (i32.add (local.get $source) (local.get $row)))))
          (local.set $low (i16x8.extend_low_i8x16_s (local.get $k)))
          (local.set $high (i16x8.extend_high_i8x16_s (local.get $k)))
          (v128.store offset=0 (local.get $into) (local.get $low))
          (v128.store offset=16 (local.get $into) (local.get $high))
          (local.set $weight (v128.load32_splat (i32.add (local.get $weights) (i32.shl (local.get $pair) (i32.const 1)))))
          (local.set $a (i32x4.add (local.get $a) (i32x4.dot_i16x8_s (i16x8.abs (local.get $low)) (local.get $weight))))
          (local.set $b (i32x4.add (local.get $b) (i32x4.dot_i16x8_s (i16x8.abs (local.get $high)) (local.get $weight))))
          (local.set $into (i32.add (local.get $into) (i32.const 32)))
          (local.set $source (i32.add (local.get $source) (i32.shl (local.get $row) (i32.const 1))))
          (br_if $eachPair
            (i32.lt_u (local.tee $pair (i32.add (local.get $pair) (i32.const 2))) (local.get $depth))))
        (br_if $eachTap
          (i32.lt_u (local.tee $tap (i32.add (local.get $tap) (i32.const 1))) (local.get $taps))))
      (v128.store offset=0 (local.get $sums) (local.get $a))
      (v128.store offset=16 (local.get $sums) (local.get $b))
      (local.set $sums (i32.add (local.get $sums) (i32.const 32)))
      (br_if $eachBlock
        (i32.lt_u (local.tee $block (i32.add (local.get $block) (i32.const 1))) (local.get $blocks)))))

  ;; A function of its own: engines compile it anew, faster, while a convolution runs.
  (func $tile
    (param $in0 i32) (param $in1 i32) (param $in2 i32) (param $in3 i32)
    (param $out0 i32) (param $out1 i32) (param $out2 i32) (param $out3 i32)
    (param $kernel i32) (param $constants i32)
    (local $tap i32) (local $offset i32) (local $left i32)
    (local $p0 i32) (local $p1 i32) (local $p2 i32) (local $p3 i32)
    (local $k0 v128) (local $k1 v128) (local $x v128)
    (local $a0 v128) (local $b0 v128) (local $a1 v128) (local $b1 v128)
    (local $a2 v128) (local $b2 v128) (local $a3 v128) (local $b3 v128)
    (local.set $a0 (v128.load offset=0 (local.get $constants)))
    (local.set $b0 (v128.load offset=16 (local.get $constants)))
    (local.set $a1 (local.get $a0)) (local.set $b1 (local.get $b0))
    (local.set $a2 (local.get $a0)) (local.set $b2 (local.get $b0))
    (local.set $a3 (local.get $a0)) (local.set $b3 (local.get $b0))
    (local.set $tap (global.get $taps))
    (loop $eachTap
      (local.set $offset (i32.load (local.get $tap)))
      (local.set $p0 (i32.add (local.get $in0) (local.get $offset)))
      (local.set $p1 (i32.add (local.get $in1) (local.get $offset)))
      (local.set $p2 (i32.add (local.get $in2) (local.get $offset)))
      (local.set $p3 (i32.add (local.get $in3) (local.get $offset)))
      (local.set $left (global.get $quads))
      (loop $eachQuad
        ;; channels 0 and 1 of four
        (local.set $k0 (v128.load offset=0 (local.get $kernel)))
        (local.set $k1 (v128.load offset=16 (local.get $kernel)))
        (local.set $x (v128.load32_splat offset=0 (local.get $p0)))
        (local.set $a0 (i32x4.add (local.get $a0) (i32x4.dot_i16x8_s (local.get $x) (local.get $k0))))
        (local.set $b0 (i32x4.add (local.get $b0) (i32x4.dot_i16x8_s (local.get $x) (local.get $k1))))
        (local.set $x (v128.load32_splat offset=0 (local.get $p1)))
        (local.set $a1 (i32x4.add (local.get $a1) (i32x4.dot_i16x8_s (local.get $x) (local.get $k0))))
        (local.set $b1 (i32x4.add (local.get $b1) (i32x4.dot_i16x8_s (local.get $x) (local.get $k1))))
        (local.set $x (v128.load32_splat offset=0 (local.get $p2)))
        (local.set $a2 (i32x4.add (local.get $a2) (i32x4.dot_i16x8_s (local.get $x) (local.get $k0))))
        (local.set $b2 (i32x4.add (local.get $b2) (i32x4.dot_i16x8_s (local.get $x) (local.get $k1))))
        (local.set $x (v128.load32_splat offset=0 (local.get $p3)))
        (local.set $a3 (i32x4.add (local.get $a3) (i32x4.dot_i16x8_s (local.get $x) (local.get $k0))))
        (local.set $b3 (i32x4.add (local.get $b3) (i32x4.dot_i16x8_s (local.get $x) (local.get $k1))))
        ;; channels 2 and 3
        (local.set $k0 (v128.load offset=32 (local.get $kernel)))
        (local.set $k1 (v128.load offset=48 (local.get $kernel)))
        (local.set $x (v128.load32_splat offset=4 (local.get $p0)))
        (local.set $a0 (i32x4.add (local.get $a0) (i32x4.dot_i16x8_s (local.get $x) (local.get $k0))))
        (local.set $b0 (i32x4.add (local.get $b0) (i32x4.dot_i16x8_s (local.get $x) (local.get $k1))))
        (local.set $x (v128.load32_splat offset=4 (local.get $p1)))
        (local.set $a1 (i32x4.add (local.get $a1) (i32x4.dot_i16x8_s (local.get $x) (local.get $k0))))
        (local.set $b1 (i32x4.add (local.get $b1) (i32x4.dot_i16x8_s (local.get $x) (local.get $k1))))
        (local.set $x (v128.load32_splat offset=4 (local.get $p2)))
        (local.set $a2 (i32x4.add (local.get $a2) (i32x4.dot_i16x8_s (local.get $x) (local.get $k0))))
        (local.set $b2 (i32x4.add (local.get $b2) (i32x4.dot_i16x8_s (local.get $x) (local.get $k1))))
        (local.set $x (v128.load32_splat offset=4 (local.get $p3)))
        (local.set $a3 (i32x4.add (local.get $a3) (i32x4.dot_i16x8_s (local.get $x) (local.get $k0))))
        (local.set $b3 (i32x4.add (local.get $b3) (i32x4.dot_i16x8_s (local.get $x) (local.get $k1))))
        (local.set $kernel (i32.add (local.get $kernel) (i32.const 64)))
        (local.set $p0 (i32.add (local.get $p0) (i32.const 8)))
        (local.set $p1 (i32.add (local.get $p1) (i32.const 8)))
        (local.set $p2 (i32.add (local.get $p2) (i32.const 8)))
        (local.set $p3 (i32.add (local.get $p3) (i32.const 8)))
        (br_if $eachQuad (local.tee $left (i32.sub (local.get $left) (i32.const 1)))))
      (br_if $eachTap
        (i32.lt_u (local.tee $tap (i32.add (local.get $tap) (i32.const 4))) (global.get $tapsEnd))))
    (call $finish (local.get $a0) (local.get $b0) (local.get $out0) (local.get $constants))
    (call $finish (local.get $a1) (local.get $b1) (local.get $out1) (local.get $constants))
    (call $finish (local.get $a2) (local.get $b2) (local.get $out2) (local.get $constants))
    (call $finish (local.get $a3) (local.get $b3) (local.get $out3) (local.get $constants)))

  ;; Sums of 8 channels → multiplied, activated, rounded, clipped, stored. To round: below 2^22, adding 1.5 · 2^23 leaves the
  ;; nearest integer, of two the even one, in the low bits.
  (func $finish (param $a v128) (param $b v128) (param $out i32) (param $constants i32)
    (local.set $a (f32x4.mul (f32x4.convert_i32x4_s (local.get $a)) (v128.load offset=32 (local.get $constants))))
    (local.set $b (f32x4.mul (f32x4.convert_i32x4_s (local.get $b)) (v128.load offset=48 (local.get $constants))))
    (local.set $a (f32x4.pmax (local.get $a) (f32x4.mul (local.get $a) (global.get $slope))))
    (local.set $b (f32x4.pmax (local.get $b) (f32x4.mul (local.get $b) (global.get $slope))))
    (local.set $a (f32x4.pmin (f32x4.pmax (local.get $a) (global.get $low)) (global.get $high)))
    (local.set $b (f32x4.pmin (f32x4.pmax (local.get $b) (global.get $low)) (global.get $high)))
    (local.set $a (i32x4.sub
      (f32x4.add (local.get $a) (v128.const f32x4 12582912 12582912 12582912 12582912))
      (v128.const f32x4 12582912 12582912 12582912 12582912)))
    (local.set $b (i32x4.sub
      (f32x4.add (local.get $b) (v128.const f32x4 12582912 12582912 12582912 12582912))
      (v128.const f32x4 12582912 12582912 12582912 12582912)))
    (local.set $a (i16x8.narrow_i32x4_s (local.get $a) (local.get $b)))
    (if (global.get $mask)
      (then
        ;; the way back through a leaky ReLU: where its value is not above 0, times the slope, in 2^-15
        (local.set $a (v128.bitselect
          (local.get $a)
          (i16x8.q15mulr_sat_s (local.get $a) (global.get $fall))
          (i16x8.gt_s (v128.load (i32.add (local.get $out) (global.get $mask))) (v128.const i32x4 0 0 0 0))))))
    (if (global.get $accumulate)
      (then
        (local.set $a (i16x8.add_sat_s (local.get $a) (v128.load (local.get $out))))
        (local.set $a (i16x8.max_s
          (i16x8.min_s (local.get $a) (global.get $limit))
          (i16x8.neg (global.get $limit))))))
    (v128.store (local.get $out) (local.get $a))
    (if (global.get $activated)
      (then
        ;; (3277 x + 2^14) >> 15: a slope of 0.1
        (v128.store (i32.add (local.get $out) (global.get $activated))
          (i16x8.max_s (local.get $a)
            (i16x8.q15mulr_sat_s (local.get $a) (v128.const i16x8 3277 3277 3277 3277 3277 3277 3277 3277))))))))
