//! How a case's parts follow each other: the order of fields and the numbers of variants, pinned.
//!
//! A new field or variant does not compile before it has a row here. A variant gets a number that was never used; a field goes to the end of
//! its record, and then the version of packs changes, whose old ones have a default in its place.

use super::PackError;
use super::wire::{Reader, Wire, Writer};
use crate::case::{Arena, Case, Emit, Gc, Input, ObjectValues, PointerCell, SideTrace};
use crate::ir::{
    Arg, BufMode, CdataType, Const, ConvCheck, ConvMode, ExitNo, Ins, Key, Link, Lit, ObjId, Ref, RegionId, SloadMode,
    Slot, Snap, SnapEntry, SymPtr, TmprefMode, TostrMode, Trace, XloadMode,
};
use crate::world::{Object, ObjectKind, Region, SlotValue, Upvalue, World};

/// Fields one after the other, in this order.
macro_rules! records {
    ($( $ty:ident { $($field:tt),* } )*) => { $(
        impl Wire for $ty {
            fn write(&self, w: &mut Writer) {
                $( self.$field.write(w); )*
            }

            fn read(r: &mut Reader) -> Result<Self, PackError> {
                Ok($ty { $( $field: Wire::read(r)?, )* })
            }
        }
    )* };
}

#[rustfmt::skip]
records! {
    Case        { trace, world, inputs, emit, flags, side, arena, ra }
    Trace       { ins, snaps, link }
    SideTrace   { exit, trace }
    Ins         { op, ty, guard, op1, op2 }
    Snap        { at, entries }
    SnapEntry   { slot, value }
    World       { regions, objects }
    Region      { name, offset, size, readonly }
    Object      { name, kind }
    Input       { slots, memory, pointers, objects, gc, profile }
    PointerCell { at, to }
    SymPtr      { region, offset }
    SloadMode   { typecheck, convert, readonly, inherit, parent }
    XloadMode   { readonly, volatile }
    TmprefMode  { in1, out1 }
    ConvMode    { src, sext, check }
    Ref         { 0 }
    Slot        { 0 }
    ExitNo      { 0 }
    RegionId    { 0 }
    ObjId       { 0 }
}

/// The number of a variant, then its fields.
macro_rules! variants {
    ($( $ty:ident, $what:literal { $( $tag:literal $variant:ident $(( $($value:ident),* ))? $({ $($field:ident),* })?; )* } )*) => { $(
        impl Wire for $ty {
            fn write(&self, w: &mut Writer) {
                match self { $(
                    $ty::$variant $(( $($value),* ))? $({ $($field),* })? => {
                        u8::write(&$tag, w);
                        $( $( $value.write(w); )* )?
                        $( $( $field.write(w); )* )?
                    }
                )* }
            }

            fn read(r: &mut Reader) -> Result<Self, PackError> {
                match u8::read(r)? {
                    $( $tag => {
                        $( $( let $value = Wire::read(r)?; )* )?
                        $( $( let $field = Wire::read(r)?; )* )?
                        Ok($ty::$variant $(( $($value),* ))? $({ $($field),* })?)
                    } )*
                    other => Err(PackError::Number { what: $what, number: other.into() }),
                }
            }
        }
    )* };
}

#[rustfmt::skip]
variants! {
    Arg, "operand" {
        0 None;
        1 Ref(at);
        2 K(constant);
        3 Lit(literal);
    }
    Const, "constant" {
        0 Int(k);
        1 Int64(k);
        2 Num(bits);
        3 Ptr(to);
        4 KPtr(to);
        5 Null;
        6 Pri(ty);
        7 Gc(object);
        8 KSlot(table, key);
        9 Helper(helper);
        10 TmpBuf;
        11 NilTv;
        12 Ctype(ty);
    }
    Lit, "literal" {
        0 Num(n);
        1 Slot(slot);
        2 Sload(mode);
        3 Xload(mode);
        4 Conv(mode);
        5 Fpm(function);
        6 Field(field);
        7 Callee(function);
        8 Upvalue(index);
        9 Tmpref(mode);
        10 Buf(mode);
        11 Tostr(mode);
    }
    Key, "key" {
        0 Obj(object);
        1 Int(k);
        2 Num(bits);
        3 Bool(b);
    }
    SlotValue, "value" {
        0 Nil;
        1 False;
        2 True;
        3 Int(k);
        4 Num(bits);
        5 Str(at);
        6 Obj(object);
    }
    ObjectKind, "object" {
        0 Str(bytes);
        1 Table { asize, hbits, keys, meta, black };
        2 Func { upvalues };
        3 Udata { size, meta };
        4 Cdata(ty);
    }
    ObjectValues, "object's values" {
        0 None;
        1 Table { array, hash };
        2 Upvalues(values);
        3 Bytes(bytes);
    }
    Upvalue, "upvalue" {
        0 Closed;
        1 Open(slot);
    }
    CdataType, "C type" {
        0 Int32;
        1 Int64;
        2 UInt64;
        3 Double;
        4 Pointer;
        5 Struct(size);
        6 Vla;
    }
    Link, "link" {
        0 Interpreter;
        1 Return;
        2 Loop;
        3 Root;
    }
    Emit, "way of emitting" {
        0 Fold;
        1 Raw;
        2 Passes;
    }
    Arena, "arena" {
        0 Usual;
        1 Near;
        2 Far;
    }
    Gc, "mode of the collector" {
        0 Idle;
        1 Step;
        2 Leave;
    }
    BufMode, "buffer mode" {
        0 Reset;
        1 Append;
    }
    TostrMode, "string format" {
        0 Int;
        1 Num;
        2 Char;
    }
    ConvCheck, "conversion check" {
        0 Plain;
        1 Any;
        2 Index;
        3 Check;
    }
}
