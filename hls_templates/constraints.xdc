# @{name} runs at one clock; its ports are registered inside.
create_clock -period @{period} -name clk [get_ports clk]
