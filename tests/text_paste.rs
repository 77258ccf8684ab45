//! What `-jdump` prints can be pasted into a `.trace` file.

use tracehound::ir::{Link, Ref};
use tracehound::text::{parse, print, print_ins, print_snap};

#[test]
fn a_fragment_with_high_refs_is_numbered_anew() {
    let file = parse(
        "; tracehound 1
         ; region data 64 at 0
         ;; the head of the trace that the fragment is from, in short
         ---- TRACE 2 start 1/0 seed.lua:3
         ---- TRACE 2 IR
         ....        SNAP   #0   [ ---- ---- ]
         0006    p64 XLOAD  [data+0]
         0031 >  int SLOAD  #2    T
         0034    i64 CONV   0031  i64.int
         0035    i64 BSHL   0034  +3
         0036    p64 ADD    0035  0006
         0037    p64 ADD    0036  -8
         0038    int XLOAD  0037
         0039    p64 ADD    0036  -4
         0040    int XLOAD  0039
         ---- TRACE 2 stop -> interpreter",
    )
    .unwrap();
    let ir: Vec<String> =
        file.case.trace.iter().map(|(r, _)| print_ins(&file.case.trace, &file.case.world, r)).collect();
    let wanted = "\
0001    p64 XLOAD  [data+0]
0002 >  int SLOAD  #2    T
0003    i64 CONV   0002  i64.int
0004    i64 BSHL   0003  +3
0005    p64 ADD    0004  0001
0006    p64 ADD    0005  -8
0007    int XLOAD  0006
0008    p64 ADD    0005  -4
0009    int XLOAD  0008";
    assert_eq!(ir.join("\n"), wanted);
    assert_eq!(file.case.inputs.len(), 1, "a file without inputs has an empty one");
    assert_eq!(parse(&print(&file)), Ok(file));
}

#[test]
fn registers_and_phi_marks_are_read_over() {
    let file = parse(
        "; tracehound 1
---- TRACE 1 start x.lua:1
---- TRACE 1 IR
....              SNAP   #0   [ ---- ---- ]
0001 rbp   >  int SLOAD  #2    CRI
0002 xmm6  >  num SLOAD  #3    T
0003 d15    + num NEG    0002  [0x0001f4a0]
0004 x27   >+ int ADDOV  0001  +1
0005 [8]      num ADD    0003  +3
....              SNAP   #1   [ ---- ---- 0004 +3   -0   ]
0006 ------------ LOOP ------------
0007 x27   >+ int ADDOV  0004  +1
0008          int PHI    0004  0007
---- TRACE 1 stop -> loop
",
    )
    .unwrap();
    let (trace, world) = (&file.case.trace, &file.case.world);
    assert_eq!(trace.link, Link::Loop);
    assert_eq!(print_ins(trace, world, Ref(3)), "0003    num NEG    0002");
    assert_eq!(print_ins(trace, world, Ref(4)), "0004 >  int ADDOV  0001  +1");
    assert_eq!(print_ins(trace, world, Ref(5)), "0005    num ADD    0003  +3.0");
    assert_eq!(print_ins(trace, world, Ref(6)), "0006 ------ LOOP ------------");
    assert_eq!(print_snap(trace, world, 1), "....        SNAP   #1   [ ---- ---- 0004 +3   0x8000000000000000 ]");
}

#[test]
fn exits_of_runs_follow_the_snapshots_new_numbers() {
    let file = parse(
        "; tracehound 1
; input 1
;   run exit 9
---- TRACE 1
.... SNAP #4 [ ]
0001 > int SLOAD #2 T
.... SNAP #9 [ ---- ---- 0001 ]
0002 > int ABC 0001 +1
---- TRACE 1 stop -> return",
    )
    .unwrap();
    assert!(print(&file).contains(";   run exit 1\n"), "{}", print(&file));
}
