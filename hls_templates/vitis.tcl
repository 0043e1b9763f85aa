# Vitis HLS: synthesises the network; reports come to @{name}_vitis/solution/syn/report.
open_project -reset @{name}_vitis
set_top @{name}
add_files @{name}.cpp -cflags "-std=c++14"
add_files -tb main.cpp -cflags "-std=c++14 -Wno-unknown-pragmas"
open_solution -reset -flow_target vivado solution
set_part {@{part}}
create_clock -period @{period} -name default
csynth_design
export_design -format rtl
exit
