// Two networks in one FPGA, for two.sh.
module both (
    input wire clk,
    input wire rst,
    input wire in_valid,
    input wire [31:0] x,
    output wire alpha_valid,
    output wire beta_valid,
    output wire [23:0] alpha_y,
    output wire [23:0] beta_y
);
    alpha a (.clk(clk), .rst(rst), .in_valid(in_valid), .x(x), .out_valid(alpha_valid), .y(alpha_y));
    beta b (.clk(clk), .rst(rst), .in_valid(in_valid), .x(x), .out_valid(beta_valid), .y(beta_y));
endmodule
