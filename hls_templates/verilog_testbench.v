// Runs events through the Verilog of @{name} in any simulator; the protocol of harness.cpp: an int64,
// little-endian, for each element of each port, from standard input to standard output.
module testbench;
    localparam LATENCY = @{latency};
    localparam INTERVAL = @{interval};

    reg clk;
    reg rst;
    reg in_valid;
    wire out_valid;
@{declarations}
    reg [63:0] value;
    reg ended;
    integer bytes, sent, received, idle, edges, latency_min, latency_max, interval_min, popped, spurious, beat;
    integer when [0:LATENCY + 1];

`ifdef PROBES // inner values follow each event's outputs: probes.v
@{inner_wires}    @{probe_module} dut (
        .clk(clk), .rst(rst), .in_valid(in_valid), .out_valid(out_valid)@{connections}@{inner_connections}
    );
`else
    @{name} dut (
        .clk(clk), .rst(rst), .in_valid(in_valid), .out_valid(out_valid)@{connections}
    );
`endif

    // The next int64, in value; nothing at the end of the input.
    task read_value;
        reg [63:0] swapped;
        begin
            bytes = $fread(swapped, 32'h8000_0000);
            if (bytes != 8) ended = 1;
            value = {swapped[7:0], swapped[15:8], swapped[23:16], swapped[31:24],
                     swapped[39:32], swapped[47:40], swapped[55:48], swapped[63:56]};
        end
    endtask

    task read_event;
        begin
@{read}        end
    endtask

    task drive; // what stands at the ports in this beat
        begin
@{drive}        end
    endtask

    task write_event;
        begin
@{write}`ifdef PROBES
@{inner}`endif
        end
    endtask

    // What a consumer samples at the edge that comes.
    task look;
        begin
            if (out_valid === 1'b1 && received == sent) spurious = spurious + 1;
            else if (out_valid === 1'b1) begin
                write_event;
                idle = edges - when[received % (LATENCY + 2)];
                if (idle < latency_min) latency_min = idle;
                if (idle > latency_max) latency_max = idle;
                if (received > 0 && edges - popped < interval_min) interval_min = edges - popped;
                popped = edges;
                received = received + 1;
            end
        end
    endtask

    task tick;
        begin
            #1 look;
            if (in_valid && !rst) begin
                when[sent % (LATENCY + 2)] = edges;
                sent = sent + 1;
            end
            clk = 1;
            edges = edges + 1;
            #1 clk = 0;
        end
    endtask

    initial begin
        if ($test$plusargs("hash")) begin
            $fdisplay(32'h8000_0001, "%64h", dut.CONTENT_HASH);
            $finish(0);
        end else begin
            clk = 0;
            rst = 1;
            in_valid = 0;
            ended = 0;
            sent = 0;
            received = 0;
            edges = 0;
            spurious = 0;
            latency_min = 1 << 30;
            latency_max = 0;
            interval_min = 1 << 30;
            popped = 0;
            tick;
            rst = 0;
            read_event;
            while (!ended) begin
                for (beat = 0; beat < INTERVAL; beat = beat + 1) begin
                    in_valid = beat == 0;
                    drive;
                    tick;
                end
                read_event;
            end
            in_valid = 0;
            repeat (2 * LATENCY + 4) tick;
            if (sent == 0) latency_min = 0;
            if (received < 2) interval_min = 0;
            $fwrite(32'h8000_0002, "{\"events\":%0d,\"latency_min\":%0d,\"latency_max\":%0d,", received, latency_min, latency_max);
            $fdisplay(32'h8000_0002, "\"interval_min\":%0d,\"cycles\":%0d,\"spurious\":%0d}", interval_min, edges, spurious);
            if (received != sent) $fdisplay(32'h8000_0002, "error: %0d events never came out", sent - received);
            $finish(0);
        end
    end
endmodule
