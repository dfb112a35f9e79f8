//===- DotQuads.h - Dot products of four bytes ------------------------------===//
#ifndef COOPT_LIB_CONVERSION_DOTQUADS_H
#define COOPT_LIB_CONVERSION_DOTQUADS_H

#include "Chunks.h"
#include "coopt/Conversion/Passes.h"

namespace coopt {

/// Sums over four unsigned bytes of one vector times four signed ones of another, for 16 lanes. Exact: with
/// VNNI one instruction, elsewhere products of 16-bit pairs. The sums are held as the instruction set likes
/// it until `lanes` gives one number a lane.
class DotQuads {
public:
  DotQuads(mlir::ImplicitLocOpBuilder &b, Isa isa) : b(b), isa(isa) {}

  /// Sums of zero.
  mlir::Value zero();
  /// sums + dot(x, y): x is a quad of unsigned bytes, y what `repeat` or `signedQuad` gave.
  mlir::Value add(mlir::Value sums, mlir::Value x, mlir::Value y);
  /// Four signed bytes from memory, for every lane.
  mlir::Value repeat(mlir::Value memref, mlir::ValueRange indices);
  /// 64 signed bytes from memory, four for each lane.
  mlir::Value signedQuad(mlir::Value memref, mlir::ValueRange indices);
  /// One i32 a lane.
  mlir::Value lanes(mlir::Value sums);
  /// The type of sums.
  mlir::VectorType sumType();

private:
  bool hasVnni() const { return isa >= Isa::Avx512; }
  mlir::ImplicitLocOpBuilder &b;
  Isa isa;
};

} // namespace coopt

#endif // COOPT_LIB_CONVERSION_DOTQUADS_H
