namespace Orrery.Machinery.Cel;

/// <summary>Works out one expression. Errors are values on the way, so that <c>&amp;&amp;</c>, <c>||</c> and the macros over them can absorb them.</summary>
internal sealed class Evaluator(IReadOnlyDictionary<string, object?> variables, CelBudget budget, bool isPlain, CancellationToken cancellation)
{
    private readonly List<(string Name, object? Value)> locals = [];

    public object? Evaluate(Expr expression)
    {
        if (expression is Literal literal)
        {
            return literal.Value;
        }

        // Variables of a policy are worked out within each other.
        CelValues.EnsureStack();
        switch (expression)
        {
            case Identifier identifier:
                return Name(identifier);
            case Select { Qualified: { } qualified }:
                return Name(qualified);
            case Select select:
                return Member(select);
            case Call call:
                return Apply(call);
            case ListOf list:
                return Items(list);
            case MapOf map:
                return Entries(map);
            case Fold fold:
                return Walk(fold);
            case OptionalMap map:
                return Within(map);
            case MessageOf message:
                return Message(message);
            default:
                throw new InvalidOperationException($"no such node: {expression.GetType().Name}");
        }
    }

    private object? Name(Identifier identifier)
    {
        budget.Charge(1);
        if (identifier.TypeValue is { } type)
        {
            return type;
        }

        string name = identifier.Variable ?? identifier.Name;
        for (int i = locals.Count - 1; i >= 0 && !name.StartsWith('.'); i--)
        {
            if (locals[i].Name == name)
            {
                return locals[i].Value;
            }
        }

        return variables.TryGetValue(name.TrimStart('.'), out object? value) ? value : new CelError($"undeclared reference to '{identifier.Name}' (in container '')");
    }

    private object? Member(Select select)
    {
        object? operand = Evaluate(select.Operand);
        budget.Charge(1);
        if (operand is CelError)
        {
            return operand;
        }

        bool optional = select.IsOptional;
        if (operand is CelOptional chained)
        {
            optional = true;
            operand = chained.Value;
            if (!chained.HasValue)
            {
                return select.IsTest ? false : chained;
            }
        }

        if (operand is not CelMap map)
        {
            // Null and other values without members have none of any name; the language itself has a fault there (cel-go interpreter/attributes.go, refQualify).
            return operand is CelError ? operand : operand is CelList || isPlain ? CelError.NoOverload : select.IsTest ? false : optional ? CelOptional.None : CelError.NoKey(select.Field);
        }

        bool found = map.TryGet(select.Field, out object? value);
        return select.IsTest ? found
            : !found ? optional ? CelOptional.None : CelError.NoKey(select.Field)
            : optional && value is not CelError ? new CelOptional(true, value) : value;
    }

    private object? Apply(Call call)
    {
        switch (call.Function)
        {
            case "_&&_" or "_||_":
                return Logic(call, call.Function == "_||_");
            case "_?_:_":
                object? condition = Evaluate(call.Arguments[0]);
                return condition switch { bool b => Evaluate(call.Arguments[b ? 1 : 2]), CelError => condition, _ => CelError.NoOverload };
        }

        bool isMember = call.Target is not null && !call.IsNamespaced;
        int shift = isMember ? 1 : 0;
        object?[] values = new object?[call.Arguments.Count + shift];
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = Evaluate(i < shift ? call.Target! : call.Arguments[i - shift]);
            if (values[i] is CelError)
            {
                return values[i];
            }
        }

        cancellation.ThrowIfCancellationRequested();
        budget.Charge(Costs.Of(call.FullName, values));
        if (call.Function == "findAll" && isMember && values is [string text, string pattern, ..] && (values.Length == 2 || values[2] is long))
        {
            return Libraries.Strings.FindAll(text, pattern, values.Length == 2 ? -1 : (long)values[2]!, budget, cancellation);
        }

        if (call.Function is "_[?_]" || (call.Function == "_[_]" && values[0] is CelOptional))
        {
            return OptionalItem(values);
        }

        if (call.Function == "_[_]" && values[0] is not (CelMap or CelList))
        {
            return CelError.NoKey(values[1]);
        }

        return call.Overloads.Count == 0 ? new CelError($"unbound function: {call.Function}") : CelLibrary.Invoke(call.Overloads, values, isMember);
    }

    /// <summary>One side that decides outweighs the other's error.</summary>
    private object? Logic(Call call, bool deciding)
    {
        object? left = Evaluate(call.Arguments[0]);
        if (left is bool l && l == deciding)
        {
            return deciding;
        }

        object? right = Evaluate(call.Arguments[1]);
        if (right is bool r && (r == deciding || left is bool))
        {
            return r;
        }

        return left is CelError ? left : left is bool && right is CelError ? right : CelError.NoOverload;
    }

    private object? OptionalItem(object?[] values)
    {
        object? from = values[0];
        if (from is CelOptional optional)
        {
            from = optional.Value;
            if (!optional.HasValue)
            {
                return CelOptional.None;
            }
        }

        return from switch
        {
            CelMap map => map.TryGet(values[1], out object? value) ? new CelOptional(true, value) : CelOptional.None,
            CelList list => Libraries.Operators.Item(list, values[1]) switch { CelError => CelOptional.None, var item => new CelOptional(true, item) },
            _ => isPlain ? CelError.NoOverload : CelOptional.None,
        };
    }

    private object? Items(ListOf list)
    {
        budget.Charge(10);
        var items = new List<object?>(list.Items.Count);
        foreach (Entry entry in list.Items)
        {
            object? value = Evaluate(entry.Value);
            if (value is CelError || (entry.IsOptional && value is not CelOptional))
            {
                return value is CelError ? value : CelError.NoOverload;
            }

            if (!entry.IsOptional || ((CelOptional)value!).HasValue)
            {
                items.Add(entry.IsOptional ? ((CelOptional)value!).Value : value);
            }
        }

        return new CelList(items);
    }

    private object? Entries(MapOf map)
    {
        budget.Charge(30);
        var made = new CelDictionary();
        foreach (Entry entry in map.Entries)
        {
            object? key = Evaluate(entry.Key!), value = Evaluate(entry.Value);
            if ((key as CelError ?? value as CelError) is { } error)
            {
                return error;
            }

            if (key is not (string or long or ulong or bool))
            {
                return new CelError("unsupported key type");
            }

            if (entry.IsOptional)
            {
                if (value is not CelOptional optional)
                {
                    return CelError.NoOverload;
                }

                if (!optional.HasValue)
                {
                    continue;
                }

                value = optional.Value;
            }

            if (!made.TryAdd(key, value))
            {
                return new CelError($"Failed with repeated key: {CelText.Plain(key)}");
            }
        }

        return made;
    }

    private object? Message(MessageOf message)
    {
        budget.Charge(40);
        var fields = new CelDictionary();
        foreach (MessageField field in message.Fields)
        {
            object? value = Evaluate(field.Value);
            if (value is CelError)
            {
                return value;
            }

            if (field.IsOptional)
            {
                if (value is not CelOptional optional)
                {
                    return CelError.NoOverload;
                }

                if (!optional.HasValue)
                {
                    continue;
                }

                value = optional.Value;
            }

            fields.TryAdd(field.Name, value);
        }

        return new CelMessage(message.Type, fields);
    }

    private object? Walk(Fold fold)
    {
        object? range = Evaluate(fold.Range);
        budget.Charge(1);
        IEnumerable<(object? First, object? Second)>? pairs = range switch
        {
            CelList list when fold.Second is null => list.Items.Select(x => (x, (object?)null)),
            CelList list => list.Items.Select((x, i) => ((object?)(long)i, x)),
            CelMap map => map.Keys.Select(k => (k, map.TryGet(k, out object? v) ? v : null)),
            _ => null,
        };
        if (pairs is null)
        {
            return range is CelError ? range : CelError.NoOverload;
        }

        var items = new List<object?>();
        var entries = new CelDictionary();
        CelError? error = null;
        long hits = 0;
        foreach ((object? first, object? second) in pairs)
        {
            cancellation.ThrowIfCancellationRequested();
            budget.Charge(2);
            locals.Add((fold.First, first));
            locals.Add((fold.Second ?? "", second));
            object? test = fold.Predicate is null ? true : Evaluate(fold.Predicate);
            object? made = test is true && fold.Transform is not null ? Evaluate(fold.Transform) : null;
            locals.RemoveRange(locals.Count - 2, 2);

            // 1. what all and exists make of it
            CelError? fault = test is bool ? made as CelError : test as CelError ?? CelError.NoOverload;
            if (fold.Kind is FoldKind.All or FoldKind.Exists)
            {
                if (test is bool decided && decided == (fold.Kind == FoldKind.Exists))
                {
                    return decided;
                }

                error ??= fault;
                continue;
            }

            // 2. the others stop at an error
            if (fault is not null)
            {
                return fault;
            }

            if (test is true)
            {
                hits++;
                if (Keep(fold, first, made, items, entries) is { } refused)
                {
                    return refused;
                }
            }
        }

        return fold.Kind switch
        {
            FoldKind.All => error is null ? true : error,
            FoldKind.Exists => error is null ? false : error,
            FoldKind.ExistsOne => hits == 1,
            FoldKind.TransformMap or FoldKind.TransformMapEntry => entries,
            FoldKind.SortBy => range is CelList list ? SortBy(list, new CelList(items)) : CelError.NoOverload,
            _ => new CelList(items),
        };
    }

    private object SortBy(CelList list, CelList keys)
    {
        budget.Charge(Costs.Sorting(keys));
        return Libraries.ListExtensions.Sort(list, keys);
    }

    private static CelError? Keep(Fold fold, object? first, object? made, List<object?> items, CelDictionary entries)
    {
        switch (fold.Kind)
        {
            case FoldKind.Filter:
                items.Add(first);
                return null;
            case FoldKind.Map or FoldKind.TransformList or FoldKind.SortBy:
                items.Add(made);
                return null;
            case FoldKind.TransformMap:
                entries.TryAdd(first, made);
                return null;
            case FoldKind.TransformMapEntry:
                if (made is not CelMap map)
                {
                    return CelError.NoOverload;
                }

                foreach (object? key in map.Keys)
                {
                    map.TryGet(key, out object? value);
                    if (!entries.TryAdd(key, value))
                    {
                        return new CelError($"insert failed: key {CelText.Plain(key)} already exists");
                    }
                }

                return null;
            default:
                return null;
        }
    }

    private object? Within(OptionalMap map)
    {
        object? target = Evaluate(map.Target);
        if (target is not CelOptional optional)
        {
            return target is CelError ? target : CelError.NoOverload;
        }

        if (!optional.HasValue)
        {
            return optional;
        }

        locals.Add((map.Name, optional.Value));
        object? made = Evaluate(map.Body);
        locals.RemoveAt(locals.Count - 1);
        return made is CelError || map.IsFlat ? made : new CelOptional(true, made);
    }
}
