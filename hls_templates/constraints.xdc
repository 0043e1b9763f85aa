# For @{name} out of context (vivado.tcl): its one clock. A design that instantiates it has a clock of its own.
create_clock -period @{period} -name clk [get_ports clk]
