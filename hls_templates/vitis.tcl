# Vitis HLS: simulates @{name} in C++ (csim), synthesises it (csynth), simulates the RTL that came out (cosim) and
# exports it. The testbench checks itself against vectors.txt; a difference ends this script with an error.
# Reports come to @{name}_vitis/solution/syn/report and sim/report.
open_project -reset @{name}_vitis
set_top @{name}
add_files @{name}.cpp -cflags "-std=c++14"
add_files -tb testbench.cpp -cflags "-std=c++14 -Wno-unknown-pragmas"
add_files -tb vectors.txt
open_solution -reset -flow_target vivado solution
set_part {@{part}}
create_clock -period @{period} -name default
csim_design
csynth_design
cosim_design -rtl verilog
export_design -format rtl
exit
