/// The order in which the nodes of a graph are run.
struct NodeOrder {
  private let graph: Onnx_GraphProto
  private var producers: [String: Int] = [:]

  /// - Throws: a value that two nodes compute.
  init(_ graph: Onnx_GraphProto) throws(OnnxError) {
    self.graph = graph
    for (i, node) in graph.node.enumerated() {
      for name in node.output where !name.isEmpty {
        guard producers.updateValue(i, forKey: name) == nil else {
          throw OnnxError(
            .malformed, at: Self.place(node, number: i), "value '\(name)' is defined twice")
        }
      }
    }
  }

  /// The nodes, each behind those that it reads; else in the order of the file.
  ///
  /// - Throws: a node that waits for itself.
  func sorted() throws(OnnxError) -> [Int] {
    // 0 new, 1 on the path from the root, 2 done; a stack of its own, since a chain of nodes may be longer
    // than the thread's is deep.
    var mark = [UInt8](repeating: 0, count: graph.node.count)
    var order: [Int] = []
    for root in graph.node.indices where mark[root] == 0 {
      var path = [(node: root, rest: dependencies(of: root)[...])]
      mark[root] = 1
      while let top = path.indices.last {
        guard let next = path[top].rest.popFirst() else {
          mark[path[top].node] = 2
          order.append(path[top].node)
          path.removeLast()
          continue
        }
        if mark[next] == 1 {
          throw OnnxError(
            .malformed, at: Self.place(graph.node[next], number: next),
            "the node waits for its own output")
        }
        if mark[next] == 0 {
          mark[next] = 1
          path.append((next, dependencies(of: next)[...]))
        }
      }
    }
    return order
  }

  private func dependencies(of node: Int) -> [Int] {
    Self.names(readBy: graph.node[node]).compactMap { producers[$0] }
  }

  /// The values that a node reads, itself or in its graphs.
  private static func names(readBy node: Onnx_NodeProto) -> [String] {
    var names = node.input
    for attribute in node.attribute where attribute.hasG {
      let graph = attribute.g
      var own = Set(graph.initializer.map(\.name))
      own.formUnion(graph.input.map(\.name))
      for node in graph.node { own.formUnion(node.output) }
      for node in graph.node { names += self.names(readBy: node).filter { !own.contains($0) } }
      names += graph.output.map(\.name).filter { !own.contains($0) }
    }
    return names
  }

  /// How errors call a node.
  static func place(_ node: Onnx_NodeProto, number: Int) -> String {
    node.name.isEmpty
      ? "\(node.opType) (node \(number))" : "\(node.opType) '\(node.name)' (node \(number))"
  }
}
