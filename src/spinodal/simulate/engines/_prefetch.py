"""Ask for an array's element ahead of its use, so that waits for memory overlap."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic


def _prefetch(context: Any, array: Any, index: Any) -> Any:
    def instruction(target: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        data = target.make_array(array)(target, builder, arguments[0]).data
        address = builder.bitcast(builder.gep(data, [arguments[1]]), ir.PointerType(ir.IntType(8)))
        number = ir.IntType(32)
        hint = builder.module.declare_intrinsic(
            "llvm.prefetch",
            [address.type],
            ir.FunctionType(ir.VoidType(), [address.type, number, number, number]),
        )
        to_write, keep_near, is_data = number(1), number(3), number(1)
        builder.call(hint, [address, to_write, keep_near, is_data])
        return target.get_dummy_value()

    return types.void(array, index), instruction


prefetch: Any = intrinsic(_prefetch)
"""`prefetch(array, index)`: start to load `array[index]`, to be written, into the nearest cache; no more."""
