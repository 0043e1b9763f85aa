/* clang-format off */
/* Models (see onnx.h) and what the reader of ONNX says or makes of each. */
{"unknown_operators_at_once",
 "input x float ? 4\n"
 "node SequenceAt /head/SequenceAt x -> a\n"
 "node Foo@my.domain - a -> b\n"
 "node relu low b -> c\n"
 "node SequenceMap map c -> d body=graph\n"
 "node Quant q d -> y\n"
 "output y",
 "m.onnx: error: operator 'SequenceAt' has no hardware form\n"
 "  at: node '/head/SequenceAt' (SequenceAt), opset 13\n"
 "  help: bxc reads tensors, no sequences\n"
 "m.onnx: error: operator 'Foo' of domain 'my.domain' has no hardware form\n"
 "  at: node 'b' (Foo), opset 13\n"
 "  help: see 'bxc ops' for what can be read\n"
 "m.onnx: error: operator 'relu' has no hardware form\n"
 "  at: node 'low' (relu), opset 13\n"
 "  help: it is written 'Relu'\n"
 "m.onnx: error: operator 'SequenceMap' holds a subgraph, which has no hardware form\n"
 "  at: node 'map' (SequenceMap), opset 13\n"
 "  help: see 'bxc ops' for what can be read\n"
 "m.onnx: error: operator 'Quant' has no hardware form\n"
 "  at: node 'q' (Quant), opset 13\n"
 "  help: bxc knows 'Quant' in the domain 'qonnx.custom_op.general'\n"},
{"attention_mask_of_one_column",
 "input x float ? 2 1\n"
 "real m 2,1 : 0 1\n"
 "node Attention a x,x,x,m -> y q_num_heads=1 kv_num_heads=1\n"
 "output y",
 "m.onnx: error: its mask has one column for 2 keys: repeated by some, followed by -inf by others\n"
 "  at: node 'a' (Attention), opset 13\n"
 "  help: expand it to all keys\n"},
{"attention_causal_flag",
 "input x float ? 2 1\n"
 "node Attention a x,x,x -> y q_num_heads=1 kv_num_heads=1 is_causal=2\n"
 "output y",
 "m.onnx: error: is_causal is 2, neither 0 nor 1\n"
 "  at: node 'a' (Attention), opset 13\n"},
{"cyclic",
 "input x float ? 4\n"
 "node Add a x,c -> b\n"
 "node Relu r b -> c\n"
 "output c",
 "m.onnx: error: the model is cyclic: 'r', 'a' depend on one another\n"
 "  at: node 'r' (Relu), opset 13\n"},
{"reads_itself",
 "input x float ? 4\n"
 "node Add a x,y -> y\n"
 "output y",
 "m.onnx: error: the model is cyclic: 'a' depends on itself\n"
 "  at: node 'a' (Add), opset 13\n"},
{"missing_operand",
 "input x float ? 4\n"
 "node Add a x,w -> y\n"
 "output y",
 "m.onnx: error: nothing makes its operand 'w'\n"
 "  at: node 'a' (Add), opset 13\n"},
{"missing_output",
 "input x float ? 4\n"
 "node Relu a x -> y\n"
 "output z",
 "m.onnx: error: nothing makes the model's output 'z'\n"
 "  at: 'z'\n"},
{"made_twice",
 "input x float ? 4\n"
 "node Relu a x -> y\n"
 "node Tanh b x -> y\n"
 "output y",
 "m.onnx: error: something else makes its output 'y'\n"
 "  at: node 'b' (Tanh), opset 13\n"},
{"no_outputs",
 "input x float ? 4\n"
 "node Relu a x -> y",
 "m.onnx: error: the model has no outputs\n"},
{"symbolic_axis",
 "input x float ? seq 4\n"
 "node Relu a x -> y\n"
 "output y",
 "m.onnx: error: input 'x' leaves the size of axis 1 open\n"
 "  at: 'x'\n"
 "  help: say how long it is, as in --shape x.1=16\n"},
{"huge_shape",
 "input x float ? 1000000000000\n"
 "node Relu a x -> y\n"
 "output y",
 "m.onnx: error: input 'x' is too large: 1000000000000 entries along axis 1\n"
 "  at: 'x'\n"},
{"huge_product",
 "input x float ? 100000 100000\n"
 "node Relu a x -> y\n"
 "output y",
 "m.onnx: error: input 'x' is too large: 100000 entries along axis 2\n"
 "  at: 'x'\n"},
{"too_few_numbers",
 "input x float ? 4\n"
 "real w 4 : 1\n"
 "node Add a x,w -> y\n"
 "output y",
 "m.onnx: error: the tensor holds 1 numbers, its shape needs 4\n"
 "  at: 'w'\n"},
{"text_input",
 "input x string ? 4\n"
 "node Identity a x -> y\n"
 "output y",
 "m.onnx: error: input 'x' is of string, which no operator here takes\n"
 "  at: 'x'\n"},
{"softmax_over_batch",
 "input x float ? 4\n"
 "node Softmax s x -> y axis=0\n"
 "output y",
 "m.onnx: error: Softmax works along axis 0, the batch: events would mix\n"
 "  at: node 's' (Softmax), opset 13\n"
 "  help: the first axis of each input is the batch; bxc computes each event by itself\n"},
{"argmax_default_axis",
 "input x float ? 4\n"
 "node ArgMax s x -> y\n"
 "output y",
 "m.onnx: error: ArgMax works along axis 0, the batch: events would mix\n"
 "  at: node 's' (ArgMax), opset 13\n"
 "  help: the first axis of each input is the batch; bxc computes each event by itself\n"},
{"sum_of_all_axes_by_default",
 "input x float ? 4\n"
 "node ReduceSum s x -> y\n"
 "output y",
 "m.onnx: error: ReduceSum works along axis 0, the batch: events would mix\n"
 "  at: node 's' (ReduceSum), opset 13\n"
 "  help: the first axis of each input is the batch; bxc computes each event by itself\n"},
{"maximum_along_an_axis_that_is_not_there",
 "input x float ? 4\n"
 "node ReduceMax s x -> y axes=[2]\n"
 "output y",
 "m.onnx: error: axis 2 is out of range for 2 axes\n"
 "  at: node 's' (ReduceMax), opset 13\n"},
{"sums_by_attribute",
 "input x float ? 2 3\n"
 "node ReduceSum s x -> y axes=[-1,1] keepdims=0\n"
 "output y",
 "bxc graph 1\n"
 "graph \"g\" opset 13\n"
 "%0 = input() \"x\" as \"x\" : [1,2,3] real\n"
 "%1 = reduce_sum(%0) \"s\" from \"ReduceSum\" axis=2 keep_dimensions=true : [1,2,1] real\n"
 "%2 = reduce_sum(%1) \"s.axis_1\" from \"ReduceSum\" axis=1 keep_dimensions=true : [1,1,1] real\n"
 "%3 = reshape(%2) \"s.shaped\" as \"y\" from \"ReduceSum\" shape=[1] : [1] real\n"
 "output \"y\" %3\n"},
{"mean_by_operand",
 "input x float ? 4\n"
 "whole a 1 : 1\n"
 "node ReduceMean m x,a -> y\n"
 "output y",
 "bxc graph 1\n"
 "graph \"g\" opset 13\n"
 "%0 = input() \"x\" as \"x\" : [1,4] real\n"
 "%1 = reduce_sum(%0) \"m\" from \"ReduceMean\" axis=1 keep_dimensions=true : [1,1] real\n"
 "%2 = constant() \"m.count\" as \"m.count\" : [] real {0x1p+2}\n"
 "%3 = div(%1, %2) \"m.mean\" as \"y\" from \"ReduceMean\" : [1,1] real\n"
 "output \"y\" %3\n"},
{"maximum_of_nothing",
 "input x float ? 4\n"
 "node ReduceMax m x -> y noop_with_empty_axes=1\n"
 "output y",
 "bxc graph 1\n"
 "graph \"g\" opset 13\n"
 "%0 = input() \"x\" as \"x\" : [1,4] real\n"
 "output \"y\" %0\n"},
{"concat_without_axis",
 "input x float ? 4\n"
 "node Concat c x,x -> y\n"
 "output y",
 "m.onnx: error: attribute 'axis' is left out\n"
 "  at: node 'c' (Concat), opset 13\n"},
{"concat_over_batch",
 "input x float ? 4\n"
 "node Concat c x,x -> y axis=0\n"
 "output y",
 "m.onnx: error: Concat works along axis 0, the batch: events would mix\n"
 "  at: node 'c' (Concat), opset 13\n"
 "  help: the first axis of each input is the batch; bxc computes each event by itself\n"},
{"gemm_over_batch",
 "input x float ? 4\n"
 "real w 1,3 : 1 2 3\n"
 "node Gemm g x,w -> y transA=1\n"
 "output y",
 "m.onnx: error: Gemm works along axis 1, the batch: events would mix\n"
 "  at: node 'g' (Gemm), opset 13\n"
 "  help: the first axis of each input is the batch; bxc computes each event by itself\n"},
{"reshape_merges_batch",
 "input x float ? 4\n"
 "whole s 1 : -1\n"
 "node Reshape r x,s -> y\n"
 "output y",
 "m.onnx: error: the new shape merges the batch with another axis: events would mix\n"
 "  at: node 'r' (Reshape), opset 13\n"
 "  help: keep the batch as an axis of its own, or export the model with a batch of 1\n"},
{"reshape_splits_into_batch",
 "input x float ? 4\n"
 "whole s 2 : -1 2\n"
 "node Reshape r x,s -> y\n"
 "output y",
 "m.onnx: error: the new shape merges the batch with another axis: events would mix\n"
 "  at: node 'r' (Reshape), opset 13\n"
 "  help: keep the batch as an axis of its own, or export the model with a batch of 1\n"},
{"first_event_alone",
 "input x float ? 4\n"
 "node Slice s x -> y starts=[0] ends=[1] axes=[0]\n"
 "output y",
 "m.onnx: error: Slice works along axis 0, the batch: events would mix\n"
 "  at: node 's' (Slice), opset 13\n"
 "  help: the first axis of each input is the batch; bxc computes each event by itself\n"},
{"squeezed_batch",
 "input x float ? 4\n"
 "node Squeeze s x -> y axes=[0]\n"
 "output y",
 "m.onnx: error: Squeeze works along axis 0, the batch: events would mix\n"
 "  at: node 's' (Squeeze), opset 13\n"
 "  help: the first axis of each input is the batch; bxc computes each event by itself\n"},
{"transposed_output",
 "input x float ? 4\n"
 "node Transpose t x -> y perm=[1,0]\n"
 "output y",
 "m.onnx: error: output 'y' has its batch along axis 1\n"
 "  at: 'y'\n"
 "  help: transpose it so that the batch is first\n"},
{"transposed_and_back",
 "input x float ? 4\n"
 "real w 2,4 : 1 2 3 4 5 6 7 8\n"
 "node Transpose t x -> a perm=[1,0]\n"
 "node MatMul m w,a -> b\n"
 "node Transpose u b -> y perm=[1,0]\n"
 "output y",
 "bxc graph 1\n"
 "graph \"g\" opset 13\n"
 "%0 = input() \"x\" as \"x\" : [1,4] real\n"
 "%1 = transpose(%0) \"t\" as \"a\" from \"Transpose\" permutation={1, 0} : [4,1] real\n"
 "%2 = constant() \"w\" as \"w\" : [2,4] real {0x1p+0, 0x1p+1, 0x1.8p+1, 0x1p+2, 0x1.4p+2, 0x1.8p+2, 0x1.cp+2,\n"
 "    0x1p+3}\n"
 "%3 = matmul(%2, %1) \"m\" as \"b\" from \"MatMul\" : [2,1] real\n"
 "%4 = transpose(%3) \"u\" as \"y\" from \"Transpose\" permutation={1, 0} : [1,2] real\n"
 "output \"y\" %4\n"},
{"constant_along_batch",
 "input x float 8 2\n"
 "real w 8,2 : 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16\n"
 "node Add a x,w -> y\n"
 "output y",
 "m.onnx: error: operand 'w' has 8 entries along the batch\n"
 "  at: node 'a' (Add), opset 13\n"
 "  help: the first axis of each input is the batch; bxc computes each event by itself\n"},
{"events_in_pairs",
 "input x float ? 4\n"
 "node Transpose t x -> a\n"
 "node MatMul m x,a -> y\n"
 "output y",
 "m.onnx: error: the product pairs each event with every other\n"
 "  at: node 'm' (MatMul), opset 13\n"
 "  help: bxc computes each event by itself\n"},
{"dynamic_shape",
 "input x float ? 4\n"
 "input s float 2\n"
 "node Reshape r x,s -> y\n"
 "output y",
 "m.onnx: error: its shape comes from 's', which is no constant of whole numbers\n"
 "  at: node 'r' (Reshape), opset 13\n"
 "  help: export the model with constant shapes and indices\n"},
{"dynamic_scale",
 "input x float ? 4\n"
 "real z _ : 0\n"
 "real b _ : 6\n"
 "node Quant@qonnx.custom_op.general q x,x,z,b -> y\n"
 "output y",
 "m.onnx: error: the scale ('x') depends on the event\n"
 "  at: node 'q' (Quant), opset 13\n"},
{"quant_parameters",
 "input x float ? 4\n"
 "real s _ : -0.5\n"
 "real z _ : 0\n"
 "real b _ : 6.5\n"
 "node Quant@onnx.brevitas q x,s,z,b -> a\n"
 "real t _ : 0.5\n"
 "node Quant@finn.custom_op.general p x,t,z,b -> c\n"
 "real d _ : 6\n"
 "node IntQuant@qonnx.custom_op.general r x,t,z,d -> e rounding_mode='STOCHASTIC'\n"
 "node Add u a,c -> f\n"
 "node Add v f,e -> y\n"
 "output y",
 "m.onnx: error: the scale is -0.5\n"
 "  at: node 'q' (Quant), opset 13\n"
 "m.onnx: error: the bit width is 6.5\n"
 "  at: node 'p' (Quant), opset 13\n"
 "m.onnx: error: rounding mode 'STOCHASTIC' is unknown\n"
 "  at: node 'r' (IntQuant), opset 13\n"
 "  help: known: ROUND, HALF_EVEN, CEIL, FLOOR, UP, DOWN, HALF_UP, HALF_DOWN\n"},
{"quant_domains",
 "input x float ? 4\n"
 "real s _ : 0.25\n"
 "whole z _ : 0\n"
 "whole b _ : 6\n"
 "node Quant@onnx.brevitas q x,s,z,b -> a rounding_mode='half_up' narrow=1\n"
 "node IntQuant@qonnx.custom_op.general r a,s,z,b -> c signed=0 rounding_mode='FLOOR'\n"
 "node BipolarQuant@finn.custom_op.general p c,s -> d\n"
 "node Trunc@qonnx.custom_op.general t d,s,z,b,b -> y\n"
 "output y",
 "bxc graph 1\n"
 "graph \"g\" opset 13\n"
 "%0 = input() \"x\" as \"x\" : [1,4] real\n"
 "%1 = constant() \"s\" as \"s\" : [] real {0x1p-2}\n"
 "%2 = constant() \"z\" as \"z\" : [] real {0x0p+0}\n"
 "%3 = constant() \"b\" as \"b\" : [] real {0x1.8p+2}\n"
 "%4 = quant(%0, %1, %2, %3) \"q\" as \"a\" from \"Quant\" rounding=half_away signed=true narrow=true : [1,4] real\n"
 "%5 = quant(%4, %1, %2, %3) \"r\" as \"c\" from \"IntQuant\" rounding=truncate : [1,4] real\n"
 "%6 = bipolar_quant(%5, %1) \"p\" as \"d\" from \"BipolarQuant\" : [1,4] real\n"
 "%7 = trunc_quant(%6, %1, %2, %3, %3) \"t\" as \"y\" from \"Trunc\" rounding=truncate signed=true version=1 : [1,4] real\n"
 "output \"y\" %7\n"},
{"unknown_attribute",
 "input x float ? 4\n"
 "node Relu r x -> y slope=1\n"
 "output y",
 "m.onnx: warning: attribute 'slope' is unknown and has no effect\n"
 "  at: node 'r' (Relu), 'slope', opset 13\n"
 "bxc graph 1\n"
 "graph \"g\" opset 13\n"
 "%0 = input() \"x\" as \"x\" : [1,4] real\n"
 "%1 = relu(%0) \"r\" as \"y\" from \"Relu\" : [1,4] real\n"
 "output \"y\" %1\n"},
{"mistyped_attribute",
 "input x float ? 4\n"
 "node Softmax s x -> y axis=1.5\n"
 "output y",
 "m.onnx: error: attribute 'axis' is not a whole number\n"
 "  at: node 's' (Softmax), 'axis', opset 13\n"},
{"extra_output_is_read",
 "input x float ? 4\n"
 "node Relu r x -> a,m\n"
 "node Add s a,m -> y\n"
 "output y",
 "m.onnx: error: output 'm' of Relu is read, but bxc does not compute it\n"
 "  at: node 'r' (Relu), opset 13\n"},
{"mask_of_inference",
 "input x float ? 2\n"
 "node Dropout d x -> a,m\n"
 "node Cast c m -> k to=1\n"
 "node Add s a,k -> y\n"
 "output y",
 "bxc graph 1\n"
 "graph \"g\" opset 13\n"
 "%0 = input() \"x\" as \"x\" : [1,2] real\n"
 "%1 = constant() \"k\" as \"k\" : [1,2] real {0x1p+0, 0x1p+0}\n"
 "%2 = add(%0, %1) \"s\" as \"y\" from \"Add\" : [1,2] real\n"
 "output \"y\" %2\n"},
{"training",
 "input x float ? 4\n"
 "whole t _ : 1\n"
 "real r _ : 0.5\n"
 "node Dropout d x,r,t -> y\n"
 "output y",
 "m.onnx: error: dropout is in training mode\n"
 "  at: node 'd' (Dropout), opset 13\n"
 "  help: export the model for inference\n"},
{"cast_rounds",
 "input x float ? 4\n"
 "node Cast c x -> y to=10\n"
 "output y",
 "m.onnx: error: a cast from float to float16 changes numbers\n"
 "  at: node 'c' (Cast), opset 13\n"
 "  help: a quantiser (QONNX Quant) says how to round\n"},
{"cast_to_whole",
 "input x float ? 4\n"
 "node Cast c x -> y to=7\n"
 "output y",
 "bxc graph 1\n"
 "graph \"g\" opset 13\n"
 "%0 = input() \"x\" as \"x\" : [1,4] real\n"
 "%1 = toward_zero(%0) \"c\" as \"y\" from \"Cast\" : [1,4] real\n"
 "output \"y\" %1\n"},
{"greater",
 "input x float ? 2\n"
 "real c 2 : 1 2\n"
 "node Greater g x,c -> y\n"
 "output y",
 "bxc graph 1\n"
 "graph \"g\" opset 13\n"
 "%0 = input() \"x\" as \"x\" : [1,2] real\n"
 "%1 = constant() \"c\" as \"c\" : [2] real {0x1p+0, 0x1p+1}\n"
 "%2 = sub(%0, %1) \"g.difference\" from \"Greater\" : [1,2] real\n"
 "%3 = positive(%2) \"g.step\" from \"Greater\" : [1,2] real\n"
 "%4 = narrow(%3) \"g\" as \"y\" from \"Greater\" formats=u1f0 rounding=truncate overflow=saturate : [1,2] real\n"
 "output \"y\" %4\n"},
{"whole_arithmetic",
 "input x uint8 ? 4\n"
 "node Add a x,x -> y\n"
 "output y",
 "m.onnx: error: arithmetic on uint8 numbers ('x') wraps, which bxc does not follow\n"
 "  at: node 'a' (Add), opset 13\n"
 "  help: cast to float before the arithmetic\n"},
{"uint8_image",
 "input x uint8 ? 4\n"
 "node Cast c x -> f to=1\n"
 "node Relu r f -> y\n"
 "output y",
 "bxc graph 1\n"
 "graph \"g\" opset 13\n"
 "%0 = input() \"x\" as \"x\" : [1,4] real\n"
 "%1 = relu(%0) \"r\" as \"y\" from \"Relu\" : [1,4] real\n"
 "output \"y\" %1\n"},
{"batch_norm_training",
 "input x float ? 4\n"
 "real s 4 : 1 1 1 1\n"
 "node BatchNormalization n x,s,s,s,s -> y training_mode=1\n"
 "output y",
 "m.onnx: error: batch normalisation is in training mode\n"
 "  at: node 'n' (BatchNormalization), opset 13\n"
 "  help: export the model for inference\n"},
{"shapes_differ",
 "input x float ? 4\n"
 "real w 3 : 1 2 3\n"
 "node Add a x,w -> y\n"
 "output y",
 "m.onnx: error: the shapes of the operands do not broadcast\n"
 "  at: node 'a' (Add), opset 13\n"},
{"gather_out_of_range",
 "input x float ? 4\n"
 "whole i 1 : 4\n"
 "node Gather g x,i -> y axis=1\n"
 "output y",
 "m.onnx: error: index 4 is out of range for 4 entries\n"
 "  at: node 'g' (Gather), opset 13\n"},
{"gemm_all",
 "input x float ? 2\n"
 "real w 3,2 : 1 2 3 4 5 6\n"
 "real c 3 : 1 2 3\n"
 "node Gemm g x,w,c -> y alpha=0.5 beta=2.0 transB=1\n"
 "output y",
 "bxc graph 1\n"
 "graph \"g\" opset 13\n"
 "%0 = input() \"x\" as \"x\" : [1,2] real\n"
 "%1 = constant() \"w.transposed\" as \"w.transposed\" : [2,3] real {0x1p+0, 0x1.8p+1, 0x1.4p+2, 0x1p+1, 0x1p+2,\n"
 "    0x1.8p+2}\n"
 "%2 = matmul(%0, %1) \"g\" from \"Gemm\" : [1,3] real\n"
 "%3 = constant() \"g.alpha\" as \"g.alpha\" : [] real {0x1p-1}\n"
 "%4 = mul(%2, %3) \"g.scaled\" from \"Gemm\" : [1,3] real\n"
 "%5 = constant() \"g.beta\" as \"g.beta\" : [3] real {0x1p+1, 0x1p+2, 0x1.8p+2}\n"
 "%6 = add(%4, %5) \"g.bias\" as \"y\" from \"Gemm\" : [1,3] real\n"
 "output \"y\" %6\n"},
{"softmax_old",
 "opset 9\n"
 "input x float ? 2 3\n"
 "node Softmax s x -> y\n"
 "output y",
 "bxc graph 1\n"
 "graph \"g\" opset 9\n"
 "%0 = input() \"x\" as \"x\" : [1,2,3] real\n"
 "%1 = reshape(%0) \"s.flat\" from \"Softmax\" shape=[1,6] : [1,6] real\n"
 "%2 = softmax(%1) \"s\" from \"Softmax\" axis=1 : [1,6] real\n"
 "%3 = reshape(%2) \"s.shaped\" as \"y\" from \"Softmax\" shape=[1,2,3] : [1,2,3] real\n"
 "output \"y\" %3\n"},
{"softmax_new",
 "input x float ? 2 3\n"
 "node Softmax s x -> y\n"
 "output y",
 "bxc graph 1\n"
 "graph \"g\" opset 13\n"
 "%0 = input() \"x\" as \"x\" : [1,2,3] real\n"
 "%1 = softmax(%0) \"s\" as \"y\" from \"Softmax\" axis=2 : [1,2,3] real\n"
 "output \"y\" %1\n"},
{"unnamed_nodes",
 "input x float ? 2\n"
 "node Relu - x -> a\n"
 "node Tanh a a -> y\n"
 "output y",
 "bxc graph 1\n"
 "graph \"g\" opset 13\n"
 "%0 = input() \"x\" as \"x\" : [1,2] real\n"
 "%1 = relu(%0) \"a\" as \"a\" from \"Relu\" : [1,2] real\n"
 "%2 = tanh(%1) \"a#2\" as \"y\" from \"Tanh\" : [1,2] real\n"
 "output \"y\" %2\n"},
{"opset_old",
 "opset 4\n"
 "input x float ? 2\n"
 "node Relu r x -> y\n"
 "output y",
 "m.onnx: warning: opset 4 is outside of 6 to 24, which bxc knows\n"
 "bxc graph 1\n"
 "graph \"g\" opset 4\n"
 "%0 = input() \"x\" as \"x\" : [1,2] real\n"
 "%1 = relu(%0) \"r\" as \"y\" from \"Relu\" : [1,2] real\n"
 "output \"y\" %1\n"},
{"opset_new",
 "opset 25\n"
 "input x float ? 2\n"
 "node Relu r x -> y\n"
 "output y",
 "m.onnx: warning: opset 25 is outside of 6 to 24, which bxc knows\n"
 "bxc graph 1\n"
 "graph \"g\" opset 25\n"
 "%0 = input() \"x\" as \"x\" : [1,2] real\n"
 "%1 = relu(%0) \"r\" as \"y\" from \"Relu\" : [1,2] real\n"
 "output \"y\" %1\n"},
{"double_input",
 "input x double ? 2\n"
 "node Relu r x -> y\n"
 "output y",
 "m.onnx: warning: input 'x' is of double: bxc computes in binary32\n"
 "  at: 'x'\n"
 "bxc graph 1\n"
 "graph \"g\" opset 13\n"
 "%0 = input() \"x\" as \"x\" : [1,2] real\n"
 "%1 = relu(%0) \"r\" as \"y\" from \"Relu\" : [1,2] real\n"
 "output \"y\" %1\n"},
{"flatten_batch",
 "input x float ? 2\n"
 "node Flatten f x -> y axis=0\n"
 "output y",
 "m.onnx: error: Flatten from axis 0 merges the batch: events would mix\n"
 "  at: node 'f' (Flatten), opset 13\n"
 "  help: flatten from axis 1 on\n"},
{"flatten_stored_one",
 "input x float 1 2\n"
 "node Flatten f x -> y axis=0\n"
 "output y",
 "bxc graph 1\n"
 "graph \"g\" opset 13\n"
 "%0 = input() \"x\" as \"x\" : [1,2] real\n"
 "output \"y\" %0\n"},
{"operand_count",
 "input x float ? 2\n"
 "node Add a x -> y\n"
 "output y",
 "m.onnx: error: 1 operand where Add takes at least 2\n"
 "  at: node 'a' (Add), opset 13\n"},
{"repeated_initialiser",
 "input x float ? 2\n"
 "real w 2 : 1 2\n"
 "real w 2 : 1 2\n"
 "node Add a x,w -> y\n"
 "output y",
 "m.onnx: error: initialiser 'w' stands twice in the model\n"
 "  at: 'w'\n"},
{"input_is_output",
 "input x float ? 2\n"
 "output x",
 "bxc graph 1\n"
 "graph \"g\" opset 13\n"
 "%0 = input() \"x\" as \"x\" : [1,2] real\n"
 "output \"x\" %0\n"},
{"constant_without_value",
 "input x float ? 2\n"
 "node Constant c -> v\n"
 "node Add a x,v -> y\n"
 "output y",
 "m.onnx: error: the constant has no value\n"
 "  at: node 'c' (Constant), opset 13\n"},
{"clip_bounds_crossed",
 "input x float ? 2\n"
 "node Clip c x -> y min=3.0 max=1.0\n"
 "output y",
 "m.onnx: error: min of Clip (3) is above max (1)\n"
 "  at: node 'c' (Clip), opset 13\n"},
{"int64_input",
 "input x int64 ? 2\n"
 "node Cast c x -> y to=1\n"
 "output y",
 "m.onnx: warning: input 'x' is of int64: as binary32, whole numbers beyond 2^24 are rounded\n"
 "  at: 'x'\n"
 "bxc graph 1\n"
 "graph \"g\" opset 13\n"
 "%0 = input() \"x\" as \"x\" : [1,2] real\n"
 "output \"y\" %0\n"},
{"pads_beside_auto_pad",
 "input x float ? 2 4\n"
 "real w 1,2,2 : 1 2 3 4\n"
 "node Conv c x,w -> y auto_pad='SAME_UPPER' pads=[1,0]\n"
 "output y",
 "m.onnx: error: 'pads' stands beside an auto_pad of 'SAME_UPPER'\n"
 "  at: node 'c' (Conv), opset 13\n"
 "  help: leave one of them out\n"},
{"kernel_of_other_channels",
 "input x float ? 2 4\n"
 "real w 1,1,2 : 1 2\n"
 "node Conv c x,w -> y\n"
 "output y",
 "m.onnx: error: 2 channels and 1 filters in 1 groups do not go with a kernel of 1 channels\n"
 "  at: node 'c' (Conv), opset 13\n"},
{"kernel_too_long",
 "input x float ? 2 4\n"
 "real w 1,2,3 : 1 2 3 4 5 6\n"
 "node Conv c x,w -> y dilations=[2]\n"
 "output y",
 "m.onnx: error: a window of 5 is longer than axis 2, which has 4 with its padding\n"
 "  at: node 'c' (Conv), opset 13\n"},
{"window_of_padding",
 "input x float ? 2 4\n"
 "node MaxPool p x -> y kernel_shape=[2] pads=[2,0]\n"
 "output y",
 "m.onnx: error: window 0 along axis 2 lies in the padding\n"
 "  at: node 'p' (MaxPool), opset 13\n"},
{"padding_of_gigabytes",
 "input x float ? 2 4\n"
 "node AveragePool p x -> y kernel_shape=[2] pads=[2147483647,0] count_include_pad=1\n"
 "output y",
 "m.onnx: error: too many elements along axis 2\n"
 "  at: node 'p' (AveragePool), opset 13\n"},
{"pad_of_batch",
 "input x float ? 2 4\n"
 "node Pad p x -> y pads=[1,0,0,0,0,0]\n"
 "output y",
 "m.onnx: error: Pad works along axis 0, the batch: events would mix\n"
 "  at: node 'p' (Pad), opset 13\n"
 "  help: the first axis of each input is the batch; bxc computes each event by itself\n"},
{"einsum_of_batch",
 "input x float ? 2 4\n"
 "node Einsum e x -> y equation='bij->ij'\n"
 "output y",
 "m.onnx: error: 'bij->ij' sums the batch: events would mix\n"
 "  at: node 'e' (Einsum), opset 13\n"
 "  help: bxc computes each event by itself, and wants '->' with the batch behind it\n"},
{"if_by_the_event",
 "input x float ? 4\n"
 "whole k 1 : 0\n"
 "real z _ : 0.5\n"
 "graph yes\n"
 "node Relu r x -> a\n"
 "output a\n"
 "end\n"
 "node Slice s x,k,o,o -> v\n"
 "whole o 1 : 1\n"
 "node Greater g v,z -> c\n"
 "node If i c -> y then_branch=@yes else_branch=@yes\n"
 "output y",
 "m.onnx: error: its condition, 'c', depends on the event\n"
 "  at: node 'i' (If), opset 13\n"
 "  help: compute both sides and choose by Where\n"},
{"loop_without_end",
 "input x float ? 4\n"
 "graph b\n"
 "input i int64\n"
 "input c bool\n"
 "input s float 1 4\n"
 "node Identity d c -> again\n"
 "node Tanh t s -> n\n"
 "output again\n"
 "output n\n"
 "end\n"
 "node Loop l _,_,x -> y body=@b\n"
 "output y",
 "m.onnx: error: it makes more than 4096 trips\n"
 "  at: node 'l' (Loop), opset 13\n"
 "  help: bxc writes loops out\n"},
{"loop_of_loops",
 "input x float ? 4\n"
 "whole m _ : 3000\n"
 "graph in\n"
 "input i int64\n"
 "input c bool\n"
 "input s float 1 4\n"
 "node Relu t s -> n\n"
 "output c\n"
 "output n\n"
 "end\n"
 "graph b\n"
 "input i int64\n"
 "input c bool\n"
 "input s float 1 4\n"
 "node Loop k m,_,s -> n body=@in\n"
 "output c\n"
 "output n\n"
 "end\n"
 "node Loop l m,_,x -> y body=@b\n"
 "output y",
 "m.onnx: error: its body, written out, makes too many nodes\n"
 "  at: node 'l.12.k' (Loop), opset 13\n"
 "  help: bxc writes branches and loops out\n"},
{"scan_of_batch",
 "input x float ? 4\n"
 "graph b\n"
 "input s float 4\n"
 "node Relu r s -> n\n"
 "output n\n"
 "end\n"
 "node Scan l x -> y body=@b num_scan_inputs=1\n"
 "output y",
 "m.onnx: error: Scan works along axis 0, the batch: events would mix\n"
 "  at: node 'l' (Scan), opset 13\n"
 "  help: the first axis of each input is the batch; bxc computes each event by itself\n"},
{"subgraph_refusals",
 "input x float ? 4\n"
 "whole t 1 : 1\n"
 "graph b\n"
 "node Foo f x -> n\n"
 "node Relu r x -> q\n"
 "output n\n"
 "end\n"
 "node If l t -> y then_branch=@b else_branch=@b\n"
 "output y",
 "m.onnx: error: operator 'Foo' has no hardware form\n"
 "  at: node 'l.then.f' (Foo), opset 13\n"
 "  help: see 'bxc ops' for what can be read\n"},
{"attention_by_the_event",
 "input x float ? 2 4\n"
 "input k bool ? 1 2 2\n"
 "node Attention a x,x,x,k -> y q_num_heads=2 kv_num_heads=1\n"
 "output y",
 "m.onnx: error: queries, keys and values do not go together\n"
 "  at: node 'a' (Attention), opset 13\n"},
{"label_of_two_values",
 "input x float ? 2\n"
 "node LabelEncoder@ai.onnx.ml l x -> y keys_int64s=[4,5,4] values_int64s=[1,2,3]\n"
 "output y",
 "m.onnx: error: its keys 0 and 2 are the same\n"
 "  at: node 'l' (LabelEncoder), opset 13\n"},
{"labels_of_text",
 "input x float ? 2\n"
 "node LabelEncoder@ai.onnx.ml l x -> y keys_int64s=[4,5]\n"
 "output y",
 "m.onnx: error: labels are text, or there are none\n"
 "  at: node 'l' (LabelEncoder), opset 13\n"
 "  help: encode labels as numbers\n"},
{"label_of_many_digits",
 "input x float ? 2\n"
 "node LabelEncoder@ai.onnx.ml l x -> y keys_int64s=[4] values_int64s=[9007199254740993]\n"
 "output y",
 "m.onnx: error: 9007199254740993 in 'l.column' (element 0) has no exact binary32 form\n"
 "  at: node 'l' (LabelEncoder), opset 13\n"},
{"shift_by_the_event",
 "input x uint8 ? 2\n"
 "input s uint8 ? 2\n"
 "node BitShift b x,s -> y direction='LEFT'\n"
 "output y",
 "m.onnx: error: by how many bits it shifts depends on the event\n"
 "  at: node 'b' (BitShift), opset 13\n"
 "  help: export the model with constant shifts\n"},
{"shift_of_many_bits",
 "input x int64 ? 2\n"
 "whole s 2 : 1 2\n"
 "node BitShift b x,s -> y direction='LEFT'\n"
 "output y",
 "m.onnx: warning: input 'x' is of int64: as binary32, whole numbers beyond 2^24 are rounded\n"
 "  at: 'x'\n"
 "m.onnx: error: a shift of int64 numbers: bxc computes in binary32\n"
 "  at: node 'b' (BitShift), opset 13\n"
 "  help: take uint8 or uint16\n"},
{"shift_without_a_direction",
 "input x uint8 ? 2\n"
 "whole s 2 : 1 2\n"
 "node BitShift b x,s -> y\n"
 "output y",
 "m.onnx: error: its direction is not 'LEFT' or 'RIGHT'\n"
 "  at: node 'b' (BitShift), opset 13\n"},
{"mask_of_infinities",
 "input x float ? 2 2\n"
 "real m 2,2 : 0.5 -inf 0 0\n"
 "node Add a x,m -> b\n"
 "node Softmax s b -> y\n"
 "output y",
 "bxc graph 1\n"
 "graph \"g\" opset 13\n"
 "%0 = input() \"x\" as \"x\" : [1,2,2] real\n"
 "%1 = constant() \"m.rest\" as \"m.rest\" : [2,2] real {0x1p-1, 0x0p+0, 0x0p+0, 0x0p+0}\n"
 "%2 = add(%0, %1) \"a\" as \"b\" from \"Add\" : [1,2,2] real\n"
 "%3 = reshape(%2) \"s.rows_0.scores.flat\" from \"Softmax\" shape=[4] : [4] real\n"
 "%4 = gather(%3) \"s.rows_0.scores\" from \"Softmax\" axis=0 indices=[1,1,1]{0} : [1,1,1] real\n"
 "%5 = softmax(%4) \"s.rows_0\" from \"Softmax\" axis=2 : [1,1,1] real\n"
 "%6 = reshape(%5) \"s.rows_0.flat\" from \"Softmax\" shape=[1] : [1] real\n"
 "%7 = reshape(%2) \"s.rows_1.scores.flat\" from \"Softmax\" shape=[4] : [4] real\n"
 "%8 = gather(%7) \"s.rows_1.scores\" from \"Softmax\" axis=0 indices=[1,1,2]{2, 3} : [1,1,2] real\n"
 "%9 = softmax(%8) \"s.rows_1\" from \"Softmax\" axis=2 : [1,1,2] real\n"
 "%10 = reshape(%9) \"s.rows_1.flat\" from \"Softmax\" shape=[2] : [2] real\n"
 "%11 = concat(%6, %10) \"s.rows\" from \"Softmax\" axis=0 : [3] real\n"
 "%12 = constant() \"s.kept_out.both.second\" as \"s.kept_out.both.second\" : [1] real {0x0p+0}\n"
 "%13 = concat(%11, %12) \"s.both.joined\" from \"Softmax\" axis=0 : [4] real\n"
 "%14 = gather(%13) \"s\" as \"y\" from \"Softmax\" axis=0 indices=[1,2,2]{0, 3, 1, 2} : [1,2,2] real\n"
 "output \"y\" %14\n"},
{"mask_of_a_whole_row",
 "input x float ? 2 2\n"
 "real m 2,2 : -inf -inf 0 0\n"
 "node Add a x,m -> b\n"
 "node Softmax s b -> y\n"
 "output y",
 "m.onnx: error: its mask leaves nothing of row 0: Softmax of it is not a number\n"
 "  at: node 'a' (Add), opset 13\n"},
{"mask_that_others_read",
 "input x float ? 2 2\n"
 "real m 2,2 : 0 -inf 0 0\n"
 "node Add a x,m -> b\n"
 "node Softmax s b -> y\n"
 "output y\n"
 "output b",
 "m.onnx: error: tensor 'm' holds an infinity (element 1)\n"
 "  at: node 'a' (Add), opset 13\n"
 "  help: train or export the model again\n"},
{"mask_across_rows",
 "input x float ? 2 2\n"
 "real m 2,2 : 0 -inf 0 0\n"
 "node Add a x,m -> b\n"
 "node Softmax s b -> y axis=1\n"
 "output y",
 "m.onnx: error: tensor 'm' holds an infinity (element 1)\n"
 "  at: node 'a' (Add), opset 13\n"
 "  help: train or export the model again\n"},
{"attention_mask",
 "input x float ? 2 4\n"
 "input k bool ? 1 2 2\n"
 "node Attention a x,x,x,k -> y q_num_heads=2 kv_num_heads=2\n"
 "output y",
 "m.onnx: error: its mask depends on the event, and keeps keys out\n"
 "  at: node 'a' (Attention), opset 13\n"
 "  help: give it as numbers to add\n"},
