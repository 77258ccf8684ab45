//! Typical mistakes in a `.trace` file are reported at their place.

use tracehound::text::{MAX_FILE, MAX_LINE, parse};

const GOOD: &str = "\
; tracehound 1
; emit raw
; expect * agree
; region data 64 at 0
; region table 64 at 64 ro
;   table+0: 01
; input 1
;   slot 2 int +5
;   data+8: 01 02
;   data+16: -> data+8
;   run exit 0
;     value 2 int +5
---- TRACE 1
....        SNAP   #0   [ ---- ---- ]
0001 >  int SLOAD  #2    T
0002    p64 ADD    [data+8]  -8
0003    int XLOAD  0002
0004 >  int ULT    0003  +7
....        SNAP   #1   [ ---- ---- 0003 ]
---- TRACE 1 stop -> interpreter
";

/// What to replace, by what, and the line, column and part of the message of the error.
#[rustfmt::skip]
const MISTAKES: &[(&str, &str, usize, usize, &str)] = &[
    ("; tracehound 1", "; tracehound 2",              1, 14, "found \"2\", expected version 1"),
    ("; tracehound 1", "0001 int",                    1,  1, "expected `; tracehound 1`"),
    ("; tracehound 1", ";; nothing",                  2,  3, "expected `; tracehound 1`"),
    ("emit raw", "emit row",                          2,  8, "expected `fold`, `raw` or `passes`"),
    ("; emit raw", "; emit raw\n; emit raw",          3,  3, "`emit` was given before"),
    ("; emit raw", "; imit raw",                      2,  3, "found \"imit\", expected a directive"),
    ("; emit raw", "; flags +fast",                   2,  9, "one of fold cse"),
    ("* agree", "* agrees",                           3, 12, "undefined-encoding"),
    ("* agree", "* agree\n; code * 9 add",             4, 10, "expected `trace` or the ref of one of its"),
    ("* agree", "* agree\n; code * x add",             4, 10, "expected `trace` or the ref of one of its"),
    ("* agree", "* agree\n; code luajit 1 add",        4,  8, "all releases (luajit@*)"),
    ("* agree", "* agree\n; code * 2 no",              4, 14, "instructions as disassembled"),
    ("* agree", "* agree\n; code * 2",                 4, 11, "expected `none`, `no` and instructions"),
    ("* agree", "* agree\n; code * 2 none x",          4, 17, "expected the end of the line"),
    ("* agree", "* agree\n; code * 2 ADD",             4, 12, "instructions as disassembled"),
    ("64 at 0", "x64 at 0",                           4, 15, "its size in bytes"),
    ("64 at 0", "64 of 0",                            4, 18, "expected `at`"),
    ("64 at 0", "4294967295 at 0",                    4, 10, "does not fit"),
    ("64 at 0", "64 at 131072",                       4, 10, "does not fit"),
    ("64 at 0", "96 at 0",                            5, 10, "starts before the end of region data"),
    ("region table", "region data",                   5, 10, "taken"),
    ("region table", "region 1ab",                    5, 10, "not a word"),
    ("table+0: 01", "data+0: 01",                     6,  5, "only a read-only region"),
    ("; input 1", "; input 2",                        7,  9, "expected input 1"),
    ("slot 2", "slot 1",                              7,  3, "slot #1 is out of range"),
    ("slot 2 int", "slot 2 table",                    8, 12, "nil, false, true, int, num, str or the type of an object"),
    ("slot 2 int +5", "slot 2 int +2147483648",       8, 16, "a 32-bit integer"),
    ("slot 2 int +5", "slot 2 num 0x8",               8, 16, "16 digits"),
    ("slot 2 int +5", "slot 2 int +5 6",              8, 19, "the end of the line"),
    ("data+8: 01 02", "data+8: 01 2",                 9, 16, "two hexadecimal digits"),
    ("data+8: 01 02", "data+64: 01 02",               9,  5, "outside of the region's 64 bytes"),
    ("data+8: 01 02", "data+63: 01 02",               9, 17, "outside of the region's 64 bytes"),
    ("data+8: 01 02", "date+8: 01 02",                9,  5, "the regions are: data table"),
    ("data+8: 01 02", "table+8: 01 02",               9,  5, "stand before the first input"),
    ("data+8: 01 02", "data+8:",                      9, 12, "the end of the line"),
    ("-> data+8", "-> dota+8",                       10, 17, "the regions are: data table"),
    ("data+16: ->", "data+9223372036854775807: ->",   7,  3, "no room for a pointer"),
    ("run exit 0", "run exit 7",                     11, 14, "the number of a snapshot"),
    ("run exit 0", "run away",                       11,  9, "`exit`, `tail` or `fault`"),
    (";   run exit 0\n", "",                         11,  7, "expected `run` first"),
    ("value 2 int +5", "value 2 int 1.5",            12, 19, "a value of type int"),
    ("---- TRACE 1\n", "; TRACE 1\n",                13,  3, "found \"TRACE\""),
    ("---- TRACE 1\n", "",                           13,  1, "expected a directive (`;`) or `---- TRACE 1`"),
    ("SNAP   #0", "SNOP   #0",                       14, 13, "expected `SNAP`"),
    ("[ ---- ---- ]", "[ ---- 0001 ]",               14, 32, "slots 0 and 1 hold the frame"),
    ("[ ---- ---- ]", "[ ---- ---- 0001 ]",          14, 37, "an instruction before this one"),
    ("[ ---- ---- ]", "[ ---- ----",                 14, 36, "`----` or `]`"),
    ("int SLOAD", "itn SLOAD",                       15,  9, "expected a type (nil"),
    ("int SLOAD", "p64 SLOAD",                       15, 13, "SLOAD: type p64 is not one of nil fal tru str"),
    ("SLOAD  #2    T", "SLOAD  #2    X",             15, 26, "mode letters P T C R I"),
    ("SLOAD  #2", "SLOAD  2",                        15, 20, "a number (#2)"),
    ("0001 >  int SLOAD", "0001    int SLOAD",       15, 13, "a type-checked SLOAD is a guard"),
    ("0002    p64", "0001    p64",                   16,  1, "a ref that is not taken"),
    ("ADD    [data+8]", "ADDD   [data+8]",           16, 13, "an opcode"),
    ("ADD    [data+8]", "RETF   [data+8]",           16, 13, "RETF is not supported: returns to a Lua frame"),
    ("ADD    [data+8]", "KINT   [data+8]",           16, 13, "write constants at their use"),
    ("ADD    [data+8]", "ADD    [data*8]",           16, 21, "the regions are: data table"),
    ("ADD    [data+8]", "ADD    0001",               16, 13, "operand 1 is int, wanted a W64 value"),
    ("  -8\n", "  -1.5\n",                           16, 30, "an integer of 64 bits"),
    ("  -8\n", "\n",                                 16, 28, "operand 2"),
    ("XLOAD  0002", "XLOAD  0009",                   17, 20, "a ref of an instruction before this one"),
    ("XLOAD  0002", "XLOAD  3",                      17, 20, "constants have a sign"),
    ("XLOAD  0002", "XLOAD  0002  R  V",             17, 29, "the end of the line"),
    ("+7", "+4294967296",                            18, 26, "an integer of 32 bits"),
    ("[ ---- ---- 0003 ]", "[ ---- ---- 0002 ]",     19, 20, "holds p64, not a Lua value"),
    ("#1   [", "#0   [",                             19, 20, "a number above #0"),
    ("-> interpreter", "-> loop",                    20, 22, "link is loop, but there is no LOOP"),
    ("-> interpreter", "-> stitch",                  20, 22, "interpreter, return, loop or root"),
    ("---- TRACE 1 stop", "---- TRACE 2",            20, 14, "found \"->\""),
    ("---- TRACE 1 stop -> interpreter\n", "",       19, 43, "stop -> ` and a link"),
    ("interpreter\n", "interpreter\n0005",           21,  1, "nothing behind the trace's end"),
];

/// A file with objects and a side trace.
const OBJECTS: &str = "\
; tracehound 1
; region data 64 at 0
; object k str \"a b\"
; object t table asize 2 hbits 2 keys \"a b\" 7 +1.5 meta {m} black
; object m table
; object f func closed open:5
; object u udata 16
; object c cdata int64
; input 1
;   slot 2 tab {t}
;   t[1]: int +5
;   t[\"a b\"]: tab {m}
;   f.up0: true
;   u+8: 01 02
;   gc step
;   run exit 2
;     value 2 tab {1}
;     heap t[7] str {2}
;     heap {2} str \"new\"
;     heap u+0: 01
---- TRACE 1
....        SNAP   #0   [ ---- ---- {t} ]
0001    p64 FLOAD  {t}   tab.node
0002 >  p64 HREFK  0001  t[\"a b\"]
0003 >  cdt CNEWI  ctype:int64  +3
0004    num CALLN  +1.5  exp
0005    nil CALLXS nil   [helper:nothing]
....        SNAP   #1   [ ---- ---- {t} ]
---- TRACE 1 stop -> interpreter
---- TRACE 2 start 1/0
....        SNAP   #0   [ ---- ---- ]
0001    tab SLOAD  #2    P
---- TRACE 2 stop -> root
";

#[rustfmt::skip]
const OBJECT_MISTAKES: &[(&str, &str, usize, usize, &str)] = &[
    ("object k str", "object k string",               3, 12, "str, table, func, udata or cdata"),
    ("object k str \"a b\"", "object k str a",        3, 16, "a string in quotes"),
    ("object k str \"a b\"", "object k str \"a\\q\"",  3, 16, "a string in quotes"),
    ("object k str \"a b\"", "object k str \"a b\" x", 3, 22, "the end of the line"),
    ("object k str", "object data str",               3, 10, "taken"),
    ("object m table", "object t table",              5, 10, "taken"),
    ("object m table", "object 1m table",             5, 10, "not a word"),
    ("asize 2", "asize two",                          4, 24, "slots of the array part"),
    ("asize 2", "asize 9999999",                      4, 10, "object t: has more than"),
    ("hbits 2", "hbits 1",                            4, 10, "do not fit in its hash part"),
    (" 7 +1.5", " 1 +1.5",                            4, 10, "no key of its hash part"),
    (" 7 +1.5", " 7 +1.x",                            4, 47, "a key: a string in quotes"),
    ("\"a b\" 7", "\"ab\" 7",                         4, 39, "a string of the world"),
    ("meta {m}", "meta {k}",                          4, 10, "a metatable that is no table"),
    ("meta {m}", "meta {x}",                          4, 58, "the objects are: k t m f u c"),
    ("meta {m}", "meta m",                            4, 57, "a name in braces"),
    ("closed open:5", "closed open",                  6, 24, "open: and a slot number"),
    ("closed open:5", "closed open:99",               6, 10, "slot #99 is out of range"),
    ("cdata int64", "cdata vla",                      8, 18, "int32, int64"),
    ("udata 16", "udata 99999",                       7, 10, "has more than"),
    ("; input 1\n", "; input 1\n; object x table\n",  10,  3, "before the first input"),
    ("; object m table", "; region m 8 at 64",        5,  3, "regions before the first object"),
    ("tab {t}\n;   t[1]", "fun {t}\n;   t[1]",       10, 16, "is a tab, and no fun"),
    ("tab {t}\n;   t[1]", "tab\n;   t[1]",           10, 15, "the end of the line"),
    ("t[1]:", "t[7x]:",                              11,  7, "a key: a string"),
    ("t[1]:", "t[8]:",                               11,  7, "no such key"),
    ("t[1]:", "t.up0:",                              11,  5, "a table's [KEY]"),
    ("t[1]:", "x[1]:",                               11,  5, "the regions are: data"),
    ("int +5\n", "int +5\n;   t[1]: nil\n",          12,  5, "has a value already"),
    ("f.up0:", "f.up1:",                             13,  5, "this upvalue is slot 5"),
    ("f.up0:", "f.up2:",                             13,  5, "has 2 upvalues"),
    ("u+8: 01 02", "u+15: 01 02",                    14, 14, "outside of the object's 16 bytes"),
    ("u+8: 01 02", "u+8: 01 02\n;   u+8: 01",        15,  5, "an offset from 10 on"),
    ("gc step", "gc stop",                           15,  8, "idle, step or leave"),
    ("tab {1}", "tab {0}",                           17, 20, "the number of a new object"),
    ("tab {1}", "tab {f}",                           17, 19, "is a fun, and no tab"),
    ("str {2}", "int {2}",                           18, 21, "a 32-bit integer"),
    ("heap t[7] str", "heap t[7]: str",              18, 12, "a place without `:`"),
    ("heap t[7]", "heap x[7]",                       18, 12, "the objects are: k t m f u c"),
    ("heap {2} str", "heap {2} string",              19, 16, "a type of objects"),
    ("heap u+0: 01", "heap u+16: 01",                20, 18, "outside of the object's 16 bytes"),
    ("[ ---- ---- {t} ]", "[ ---- ---- {x} ]",       22, 38, "the objects are: k t m f u c"),
    ("tab.node", "tab.nodes",                        23, 26, "str.len func.env"),
    ("FLOAD  {t} ", "FLOAD  {k} ",                   23, 13, "operand is str, wanted tab"),
    ("  t[\"a b\"]\n", "  k[\"a b\"]\n",             24, 13, "an object that is no table"),
    ("  t[\"a b\"]\n", "  t.up0\n",                  24, 26, "a ref (0001)"),
    ("ctype:int64", "ctype:int65",                   25, 26, "int32, int64"),
    ("int64  +3\n", "int64  +3.5\n",                 25, 33, "an integer of 64 bits"),
    ("  exp\n", "  expo\n",                          26, 26, "a C function"),
    ("helper:nothing", "helper:no",                  27, 34, "the name of a helper"),
    ("start 1/0", "start 1/7",                       30, 22, "the number of a snapshot"),
    ("start 1/0", "start 1",                         30, 20, "its exit (1/0)"),
    ("tab SLOAD", "int SLOAD",                       32, 13, "the parent's exit has tab there"),
    ("2 stop -> root", "2 stop -> loop",             30, 20, "there is no LOOP"),
    ("1 stop -> interpreter", "1 stop -> root",      29, 22, "only a side trace"),
    ("---- TRACE 2 stop -> root\n", "",              32, 27, "`---- TRACE 2 stop -> ` and a link"),
];

#[test]
fn the_file_without_mistakes_is_legal() {
    for good in [GOOD, OBJECTS] {
        assert!(parse(good).is_ok(), "{}", parse(good).unwrap_err());
    }
}

#[test]
fn each_mistake_is_reported_at_its_place() {
    let of = |good, mistakes: &'static [_]| mistakes.iter().map(move |mistake| (good, mistake));
    for (good, (from, to, line, column, message)) in of(GOOD, MISTAKES).chain(of(OBJECTS, OBJECT_MISTAKES)) {
        assert!(good.contains(from), "{from:?} is not in the file");
        let bad = good.replacen(from, to, 1);
        let Err(e) = parse(&bad) else { panic!("{from:?} -> {to:?} is a mistake") };
        assert_eq!((e.line, e.column), (*line, *column), "{from:?} -> {to:?}: {e}");
        assert!(e.to_string().contains(message), "{from:?} -> {to:?}: {e}\nis not about: {message}");
    }
}

#[test]
fn the_message_shows_the_line_with_a_caret() {
    let e = parse(&GOOD.replace("int XLOAD", "int XLOD")).unwrap_err();
    let wanted = "line 17, column 13: found \"XLOD\", expected an opcode\n  0003    int XLOD  0002\n              ^";
    assert_eq!(e.to_string(), wanted);
}

#[test]
fn illegal_instructions_are_found_at_their_line_whatever_their_number() {
    let bad_type = GOOD.replace("0004 >  int ULT", "0400 >  num ULT");
    assert_eq!(parse(&bad_type).unwrap_err().line, 18);
    let no_value = GOOD.replace("0004 >", "0400 >").replace("---- 0003 ]", "---- 0400 ]");
    assert_eq!(parse(&no_value).unwrap_err().line, 19);
}

#[test]
fn size_limits_are_errors_not_allocations() {
    let after = |directive: &str| parse(&GOOD.replace("; emit raw", directive)).unwrap_err().to_string();
    assert!(after(&"; note x\n".repeat(MAX_FILE / 8)).contains("the most is"));
    assert!(after(&format!("; note {}", "x".repeat(MAX_LINE))).contains("the line has more than"));
    assert!(after(&format!("; note {}", "x".repeat(3000))).contains("3000 characters of text"));
    let regions: Vec<String> = (0..20).map(|i| format!("; region r{i} 8 at {}", 1024 + 8 * i)).collect();
    assert!(after(&regions.join("\n")).contains("17 regions, the most is 16"));
    let inputs: Vec<String> = (2..99).map(|i| format!("; input {i}")).collect();
    let bad = GOOD.replace("---- TRACE 1\n", &(inputs.join("\n") + "\n---- TRACE 1\n"));
    assert!(parse(&bad).unwrap_err().to_string().contains("too many inputs"));
    let many = |line: fn(usize) -> String, n: usize| {
        let lines: Vec<String> = (5..5 + n).map(line).collect();
        parse(&GOOD.replace("....        SNAP   #1", &(lines.join("\n") + "\n....   SNAP   #9999"))).unwrap_err()
    };
    assert!(many(|i| format!("{i:04} nil XBAR"), 5000).to_string().contains("too many instructions"));
    assert!(many(|i| format!(".... SNAP #{i} [ ]"), 5000).to_string().contains("too many snapshots"));
}

#[test]
fn nul_bytes_and_stray_characters_are_errors_or_text() {
    assert!(parse("\0").is_err());
    assert!(parse("").is_err());
    assert!(parse(&GOOD.replace("XLOAD", "XL\0OAD")).is_err());
    let noted = parse(&GOOD.replace("; emit raw", "; note a\0b é")).unwrap();
    assert_eq!(noted.notes, ["a\0b é"]);
}
