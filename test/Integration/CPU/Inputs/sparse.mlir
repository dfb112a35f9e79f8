// Sparse ops of a function: what is kept of a matrix, in its compact form and as a matrix again.
func.func @prune(%w: tensor<?x13xf32> {coopt.name = "w"}) -> (tensor<?x8xf32> {coopt.name = "v"}, tensor<?x13xf32> {coopt.name = "p"}) {
  %kept = sparse.topk_select %w pattern(<"2:4">) : tensor<?x13xf32> -> tensor<?x13xi1>
  %v = sparse.compress %w, %kept pattern(<"2:4">) : tensor<?x13xf32>, tensor<?x13xi1> -> tensor<?x8xf32>
  %p = sparse.decompress %v, %kept pattern(<"2:4">) : tensor<?x8xf32>, tensor<?x13xi1> -> tensor<?x13xf32>
  return %v, %p : tensor<?x8xf32>, tensor<?x13xf32>
}
