// What lwtnn gives for a model: lwtnn_reference MODEL.json STEPS [sequence] < events. An event is the variables of each
// input as the file lists them, then those of each sequence, step by step; with `sequence` a model of the sequential
// form takes one. Outputs come a line an event. Built with the sources of lwtnn (src/*.cxx but the programs), Eigen and
// boost's headers.
#include "lwtnn/Exceptions.hh"
#include "lwtnn/LightweightGraph.hh"
#include "lwtnn/LightweightNeuralNetwork.hh"
#include "lwtnn/parse_json.hh"

#include <boost/property_tree/json_parser.hpp>
#include <boost/property_tree/ptree.hpp>
#include <cstdio>
#include <cstdlib>
#include <fstream>

static bool number(double &x) {
    return std::scanf("%lf", &x) == 1;
}

static bool variables(const std::vector<lwt::Input> &inputs, lwt::ValueMap &values) {
    for (const auto &input : inputs)
        if (!number(values[input.name])) return false;
    return true;
}

static bool steps_of(const std::vector<lwt::Input> &inputs, int steps, lwt::VectorMap &values) {
    double x;
    for (int step = 0; step < steps; step++)
        for (const auto &input : inputs) {
            if (!number(x)) return false;
            values[input.name].push_back(x);
        }
    return true;
}

static void print(const lwt::ValueMap &values, const std::vector<std::string> &names) {
    for (const auto &name : names) std::printf("%.9g ", values.at(name));
}

static void sequential(const char *path, int steps, bool sequence) {
    std::ifstream file(path);
    auto model = lwt::parse_json(file);
    if (sequence) {
        lwt::LightweightRNN network(model.inputs, model.layers, model.outputs);
        for (lwt::VectorMap in; steps_of(model.inputs, steps, in); in.clear(), std::puts(""))
            print(network.reduce(in), model.outputs);
    } else {
        lwt::LightweightNeuralNetwork network(model.inputs, model.layers, model.outputs);
        for (lwt::ValueMap in; variables(model.inputs, in); in.clear(), std::puts(""))
            print(network.compute(in), model.outputs);
    }
}

static void print_output(const lwt::LightweightGraph &network, const std::string &name,
                         const std::vector<std::string> &labels, const std::map<std::string, lwt::ValueMap> &in,
                         const std::map<std::string, lwt::VectorMap> &sequences) {
    try {
        auto all = network.scan(in, sequences, name);
        for (size_t step = 0; step < all.at(labels[0]).size(); step++)
            for (const auto &label : labels) std::printf("%.9g ", all.at(label)[step]);
    } catch (const lwt::OutputRankException &) {
        print(network.compute(in, sequences, name), labels);
    }
}

static void graph(const char *path, int steps, const boost::property_tree::ptree &outputs) {
    std::ifstream file(path);
    auto model = lwt::parse_json_graph(file);
    lwt::LightweightGraph network(model, model.outputs.begin()->first);
    for (;;) {
        std::map<std::string, lwt::ValueMap> in;
        std::map<std::string, lwt::VectorMap> sequences;
        for (const auto &input : model.inputs)
            if (!variables(input.variables, in[input.name])) return;
        for (const auto &input : model.input_sequences)
            if (!steps_of(input.variables, steps, sequences[input.name])) return;
        for (const auto &output : outputs)
            print_output(network, output.first, model.outputs.at(output.first).labels, in, sequences);
        std::puts("");
    }
}

int main(int count, char **arguments) {
    if (count < 3) return 2;
    boost::property_tree::ptree tree;
    std::ifstream file(arguments[1]);
    boost::property_tree::read_json(file, tree);
    if (tree.count("nodes"))
        graph(arguments[1], std::atoi(arguments[2]), tree.get_child("outputs"));
    else
        sequential(arguments[1], std::atoi(arguments[2]), count > 3);
    return 0;
}
