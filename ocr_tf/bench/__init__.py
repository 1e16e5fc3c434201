"""The bench command: how fast networks train and read, beside what this machine can do.

Its files:

    config          the options
    command         measures what the command line names, prints tables and writes JSON
    models          finds the experiments, run folders and exports to measure
    networks        measures networks, their parts and the machine's peak in turn
    steps           the training step and the inference of an experiment, whole and in parts
    timing          times several things in turn, so that a drift of the machine affects all alike
    gemm_peak       the fastest dense matrix product on this machine
    flops           counts the operations of matrix products and convolutions
    baselines       what networks are compared with, by name
    plain_parts     refuses what no baseline has
    keras_baseline  the same network the plain Keras way
    torch_baseline  the same network the plain PyTorch way
    layer           one bidirectional recurrent layer beside its matrix products
    memory          peak memory of a training step
    export          latency and throughput of an export
    random_batch    the generated batch that networks are measured on
    data            the reading of training images beside a plain loop over LMDB
    data_config     its options
    search          CTC's beam search beside other decoders
    search_config   its options
    search_rivals   the other decoders
    machine         describes the machine
    report          the tables and the JSON
"""
