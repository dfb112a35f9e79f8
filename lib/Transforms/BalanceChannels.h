//===- BalanceChannels.h - Scales of input channels, folded into what comes before ------===//
#ifndef COOPT_LIB_TRANSFORMS_BALANCECHANNELS_H
#define COOPT_LIB_TRANSFORMS_BALANCECHANNELS_H

#include "dialects/Quantized/IR/Quantized.h"

#include "mlir/IR/BuiltinOps.h"

namespace coopt {

/// For the contractions y_i = x w_i^T of an entry that read one x and are going to be rounded (`schemeOf` an op id gives no null),
/// replaces the parameters w_i by w_i * s along k and divides x by s, at compile time: quantized.channel_scales and
/// quantized.rescale in recipes. The program stays as it is. x is divided by dividing one parameter,
///
///   norm         x = .. * g[k]: the parameter g
///   product      x = u * v, u = the result of a contraction: the rows of its weight (down_proj: up_proj)
///   attention    x = attend over the values v with as many heads as queries: the rows of v's weight (o_proj: v_proj)
///
/// which, like the weights, nothing else may read, and whose only way to outside is x; all readers of x must be such
/// contractions. Where that is not so, a remark of category `compress` says why, and weights stay. Op ids name the statistics.
void balanceChannels(mlir::ModuleOp module,
                     llvm::function_ref<quantized::SchemeAttr(llvm::StringRef)> schemeOf, bool clip);

} // namespace coopt

#endif // COOPT_LIB_TRANSFORMS_BALANCECHANNELS_H
