# Out-of-context synthesis, placement and routing of @{name}:
#   vivado -mode batch -source vivado.tcl
# Reports land beside this script.
set here [file dirname [file normalize [info script]]]
set list [open [file join $here files.f]]
foreach file [split [string trim [read $list]] "\n"] {
    read_verilog [file join $here $file]
}
close $list
read_xdc -mode out_of_context [file join $here @{name}_ooc.xdc]
synth_design -top @{name} -part @{part} -mode out_of_context -flatten_hierarchy rebuilt -max_dsp 0
report_utilization -hierarchical -file [file join $here utilization_synth.rpt]
opt_design
place_design
phys_opt_design
route_design
report_utilization -hierarchical -file [file join $here utilization.rpt]
report_timing_summary -file [file join $here timing.rpt]
write_checkpoint -force [file join $here @{name}.dcp]
