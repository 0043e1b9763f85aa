// Two networks in one FPGA, for two.sh.
module both (
    input wire clk,
    input wire rst,
    input wire in_valid,
    input wire [31:0] x,
    output wire first_valid,
    output wire second_valid,
    output wire [23:0] first_y,
    output wire [23:0] second_y
);
    first a (.clk(clk), .rst(rst), .in_valid(in_valid), .x(x), .out_valid(first_valid), .y(first_y));
    second b (.clk(clk), .rst(rst), .in_valid(in_valid), .x(x), .out_valid(second_valid), .y(second_y));
endmodule
