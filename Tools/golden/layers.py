"""Two ways to run a layer: PyTorch's own modules, and the equations written out.

Both take a case and its input tensors and return `(outputs, finalHidden, finalCell)`, where
`finalCell` is None for a cell that has none. Gradients are PyTorch's in both: autograd through the
module, or through the equations.
"""

import torch
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence


def run_module(case, tensors):
    """Runs `torch.nn.RNN`, `LSTM` or `GRU`, on a packed sequence where the case has lengths."""
    sizes = dict(input_size=case.input_size, hidden_size=case.hidden_size)
    if case.cell == "lstm":
        module = torch.nn.LSTM(**sizes, proj_size=case.projection_size or 0)
    elif case.cell == "gru-reset-after":
        module = torch.nn.GRU(**sizes)
    else:
        module = torch.nn.RNN(**sizes, nonlinearity=case.cell.removeprefix("rnn-"))
    parameters = {
        "weight_ih_l0": tensors["W"],
        "weight_hh_l0": tensors["U"],
        "bias_ih_l0": tensors["bias_ih"],
        "bias_hh_l0": tensors["bias_hh"],
    }
    if "Wp" in tensors:
        parameters["weight_hr_l0"] = tensors["Wp"]
    x = tensors["x"]
    if case.lengths is not None:
        x = pack_padded_sequence(x, torch.tensor(case.lengths), enforce_sorted=False)
    state = tensors["initialHidden"].unsqueeze(0)
    if case.cell == "lstm":
        state = (state, tensors["initialCell"].unsqueeze(0))

    outputs, final = torch.func.functional_call(module, parameters, (x, state))

    if case.lengths is not None:
        outputs, _ = pad_packed_sequence(outputs, total_length=case.steps)
    hidden, cell = final if case.cell == "lstm" else (final, None)
    return outputs, hidden.squeeze(0), None if cell is None else cell.squeeze(0)


def run_equations(case, tensors):
    """Runs the published equations, sequence by sequence, each only as far as its own length."""
    outputs, hiddens, cells = [], [], []
    for n in range(case.batch):
        h = tensors["initialHidden"][n]
        c = tensors["initialCell"][n] if case.cell == "lstm" else None
        length = case.steps if case.lengths is None else case.lengths[n]
        column = []
        for t in range(length):
            h, c = step(case.cell, tensors, tensors["x"][t, n], h, c)
            column.append(h)
        column += [torch.zeros_like(h)] * (case.steps - length)
        outputs.append(torch.stack(column))
        hiddens.append(h)
        cells.append(c)
    final_cell = torch.stack(cells) if case.cell == "lstm" else None
    return torch.stack(outputs, dim=1), torch.stack(hiddens), final_cell


def step(cell, tensors, x, h, c):
    """One step of one sequence: the state after it."""
    W, U, bias_ih = tensors["W"], tensors["U"], tensors["bias_ih"]
    from_input = W @ x + bias_ih
    H = h.shape[0]

    if cell == "gru-reset-before":
        # Cho et al. 2014: the reset gate is applied to the state, before the product.
        r = torch.sigmoid(from_input[:H] + U[:H] @ h)
        z = torch.sigmoid(from_input[H : 2 * H] + U[H : 2 * H] @ h)
        n = torch.tanh(from_input[2 * H :] + U[2 * H :] @ (r * h))
        return (1 - z) * n + z * h, None

    from_state = U @ h + tensors["bias_hh"]
    if cell == "gru-reset-after":
        r = torch.sigmoid(from_input[:H] + from_state[:H])
        z = torch.sigmoid(from_input[H : 2 * H] + from_state[H : 2 * H])
        n = torch.tanh(from_input[2 * H :] + r * from_state[2 * H :])
        return (1 - z) * n + z * h, None
    if cell == "lstm":
        i, f, g, o = (from_input + from_state).chunk(4)
        c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
        h = torch.sigmoid(o) * torch.tanh(c)
        # Sak et al. 2014: what leaves the layer, and what it sees of itself, is a product of h.
        return tensors["Wp"] @ h if "Wp" in tensors else h, c
    activation = torch.tanh if cell == "rnn-tanh" else torch.relu
    return activation(from_input + from_state), None
