namespace Orrery.Machinery.Cel;

/// <summary>Finds what names mean and which types come out. Every fault is kept; evaluation of a faulty expression answers errors.</summary>
internal sealed class Checker(IReadOnlyDictionary<string, CelType> variables, string container, CelDialect dialect = CelDialect.Rules)
{
    private readonly Dictionary<string, CelType> bound = new(StringComparer.Ordinal);
    private readonly List<string> trail = [];
    private readonly Stack<(string Name, CelType Type)> locals = new();
    private int fresh;

    public List<CelIssue> Issues { get; } = [];

    public CelType Check(Expr expression) => expression.Type = Resolved(Visit(expression));

    private CelType Visit(Expr expression) => expression switch
    {
        Literal literal => CelValues.TypeOf(literal.Value),
        Identifier identifier => Name(identifier) ?? Fault(identifier, $"undeclared reference to '{identifier.Name}' (in container '{container}')"),
        Select select => Member(select),
        Call call => Apply(call),
        ListOf list => CelType.List(Join(list.Items.Select(i => Unwrapped(i, Check(i.Value))))),
        MapOf map => CelType.Map(Join(map.Entries.Select(e => Check(e.Key!))), Join(map.Entries.Select(e => Unwrapped(e, Check(e.Value))))),
        Fold fold => Walk(fold),
        OptionalMap map => Within(map),
        MessageOf message => Message(message),
        _ => CelType.Dyn,
    };

    private CelType? Name(Identifier identifier)
    {
        bool rooted = identifier.Name.StartsWith('.');
        string name = identifier.Name.TrimStart('.');
        if (!rooted && locals.FirstOrDefault(l => l.Name == name) is { Type: { } local })
        {
            identifier.Variable = name;
            return local;
        }

        foreach (string candidate in Candidates(name, rooted))
        {
            if (dialect == CelDialect.Mutations && MutationTypes.Find(candidate) is { } mutation && !variables.ContainsKey(candidate))
            {
                identifier.TypeValue = mutation;
                return CelType.TypeOf(mutation);
            }

            if (variables.TryGetValue(candidate, out CelType? type))
            {
                identifier.Variable = "." + candidate;
                return type;
            }

            if (CelLibrary.Types.TryGetValue(candidate, out CelType? named))
            {
                identifier.TypeValue = named;
                return CelType.TypeOf(named);
            }
        }

        return null;
    }

    /// <summary>The innermost container first.</summary>
    private IEnumerable<string> Candidates(string name, bool rooted)
    {
        for (string at = rooted ? "" : container; at.Length > 0; at = at.LastIndexOf('.') is > 0 and int cut ? at[..cut] : "")
        {
            yield return $"{at}.{name}";
        }

        yield return name;
    }

    private CelType Member(Select select)
    {
        // 1. a dotted name, unless its head is a variable of a macro
        if (Path(select) is { } path && !select.IsTest && !select.IsOptional && locals.All(l => l.Name != path.Split('.')[0]))
        {
            var identifier = new Identifier(select.Offset, path);
            if (Name(identifier) is { } whole)
            {
                select.Qualified = identifier;
                return whole;
            }
        }

        // 2. a member
        CelType operand = Check(select.Operand);
        bool wasOptional = operand.Kind == CelKind.Optional;
        operand = wasOptional ? Resolved(operand.Arguments[0]) : operand;
        CelType member = operand.Kind switch
        {
            CelKind.Dyn or CelKind.Parameter => CelType.Dyn,
            CelKind.Map => Resolved(operand.Arguments[1]),
            CelKind.Object => operand.Fields.TryGetValue(select.Field, out CelField? field) ? field.Type : operand.IsOpen ? CelType.Dyn : Fault(select, $"undefined field '{select.Field}'"),
            _ => Fault(select, $"type '{operand}' does not support field selection"),
        };
        return select.IsTest ? CelType.Bool : wasOptional || select.IsOptional ? CelType.Optional(member) : member;
    }

    private static string? Path(Expr expression) => expression switch
    {
        Identifier identifier => identifier.Name,
        Select { IsTest: false, IsOptional: false } select when Path(select.Operand) is { } head => $"{head}.{select.Field}",
        _ => null,
    };

    private CelType Apply(Call call)
    {
        // 1. a name with a namespace, such as optional.of
        if (call.Target is { } space && Path(space) is { } head && Candidates($"{head}.{call.Function}", false).Select(Functions).FirstOrDefault(o => o.Count > 0) is { } named)
        {
            call.IsNamespaced = true;
            call.FullName = $"{head}.{call.Function}";
            return Choose(call, named, [.. call.Arguments.Select(Check)], false);
        }

        // 2. operators that look at their operands one by one
        List<CelType> types = call.Target is null ? [] : [Check(call.Target)];
        types.AddRange(call.Arguments.Select(Check));
        switch (call.Function)
        {
            case "_&&_" or "_||_":
                return types.All(t => Fits(CelType.Bool, t)) ? CelType.Bool : NoMatch(call, types, false);
            case "_?_:_":
                return !Fits(CelType.Bool, types[0]) ? NoMatch(call, types, false) : Fits(types[1], types[2]) ? Wider(Resolved(types[1]), Resolved(types[2])) : NoMatch(call, types, false);
            case "_[_]" or "_[?_]" when types[0].Kind is CelKind.Optional || call.Function == "_[?_]":
                CelType inner = types[0].Kind == CelKind.Optional ? Resolved(types[0].Arguments[0]) : types[0];
                return CelType.Optional(inner.Kind switch { CelKind.List => inner.Arguments[0], CelKind.Map => inner.Arguments[1], CelKind.Dyn or CelKind.Parameter => CelType.Dyn, _ => NoMatch(call, types, false) });
        }

        // 3. functions
        IReadOnlyList<Overload> overloads = Candidates(call.Function.TrimStart('.'), call.Function.StartsWith('.')).Select(Functions).FirstOrDefault(o => o.Count > 0) ?? [];
        return overloads.Count == 0 ? Fault(call, $"undeclared reference to '{call.Function}' (in container '{container}')") : Choose(call, overloads, types, call.Target is not null);
    }

    private IReadOnlyList<Overload> Functions(string name) => CelLibrary.Find(name, dialect);

    private CelType Choose(Call call, IReadOnlyList<Overload> overloads, List<CelType> types, bool isMember)
    {
        call.Overloads = overloads;
        CelType? result = null;
        foreach (Overload overload in overloads.Where(o => o.IsMember == isMember && o.Parameters.Length == types.Count))
        {
            int before = trail.Count;
            string mark = $"_{++fresh}";
            if (overload.Parameters.Select((p, i) => Fits(Renamed(p, mark), types[i])).All(fits => fits))
            {
                CelType found = Resolved(Renamed(overload.Result, mark));
                if (result is not null && !result.Equals(found))
                {
                    return CelType.Dyn;
                }

                result = found;
            }
            else
            {
                // What an overload that does not fit has bound is free again.
                for (; trail.Count > before; trail.RemoveAt(trail.Count - 1))
                {
                    bound.Remove(trail[^1]);
                }
            }
        }

        return result ?? NoMatch(call, types, isMember);
    }

    private CelType NoMatch(Call call, List<CelType> types, bool isMember)
    {
        string[] shown = [.. types.Select(t => Resolved(t).Shown)];
        string applied = isMember ? $"{shown[0]}.({string.Join(", ", shown.Skip(1))})" : $"({string.Join(", ", shown)})";
        return Fault(call, $"found no matching overload for '{call.Function}' applied to '{applied}'");
    }

    private CelType Walk(Fold fold)
    {
        CelType range = Check(fold.Range);
        (CelType first, CelType second) = range.Kind switch
        {
            CelKind.List => (fold.Second is null ? Resolved(range.Arguments[0]) : CelType.Int, Resolved(range.Arguments[0])),
            CelKind.Map => (Resolved(range.Arguments[0]), Resolved(range.Arguments[1])),
            CelKind.Dyn => (CelType.Dyn, CelType.Dyn),
            _ => (Fault(fold.Range, $"expression of type '{range}' cannot be range of a comprehension (must be list, map, or dynamic)"), CelType.Dyn),
        };
        locals.Push((fold.First, first));
        locals.Push((fold.Second ?? "", second));
        if (fold.Predicate is not null && Check(fold.Predicate) is var test && !Fits(CelType.Bool, test))
        {
            Fault(fold.Predicate, $"expected type 'bool' but found '{test}'");
        }

        CelType made = fold.Transform is null ? CelType.Bool : Check(fold.Transform);
        locals.Pop();
        locals.Pop();
        return fold.Kind switch
        {
            FoldKind.Map or FoldKind.TransformList => CelType.List(made),
            FoldKind.Filter or FoldKind.SortBy => CelType.List(first),
            FoldKind.TransformMap => CelType.Map(first, made),
            FoldKind.TransformMapEntry => made,
            _ => CelType.Bool,
        };
    }

    private CelType Within(OptionalMap map)
    {
        CelType target = Check(map.Target);
        if (target.Kind is not (CelKind.Optional or CelKind.Dyn))
        {
            Fault(map, $"found no matching overload for '{(map.IsFlat ? "optFlatMap" : "optMap")}' applied to '{target}.()'");
        }

        locals.Push((map.Name, target.Kind == CelKind.Optional ? Resolved(target.Arguments[0]) : CelType.Dyn));
        CelType body = Check(map.Body);
        locals.Pop();
        return map.IsFlat ? body : CelType.Optional(body);
    }

    private CelType Message(MessageOf message)
    {
        CelType? type = dialect == CelDialect.Mutations ? MutationTypes.Find(message.Name.TrimStart('.')) : null;
        if (type is null)
        {
            message.Fields.ToList().ForEach(f => Check(f.Value));
            return Fault(message, $"undeclared reference to '{message.Name}' (in container '{container}')");
        }

        foreach (MessageField field in message.Fields)
        {
            CelType given = Check(field.Value);
            given = field.IsOptional && given.Kind == CelKind.Optional ? Resolved(given.Arguments[0]) : given;
            CelType? wanted = type.IsOpen ? CelType.Dyn : type.Fields.GetValueOrDefault(field.Name)?.Type;
            if (wanted is null)
            {
                Issues.Add(new CelIssue(field.Offset, $"undefined field '{field.Name}'"));
            }
            else if (!Fits(wanted, given))
            {
                Issues.Add(new CelIssue(field.Offset, $"expected type of field '{field.Name}' is '{wanted}' but provided type is '{given}'"));
            }
            else if (type.IsOpen && given is { Kind: CelKind.Object, IsOpen: true } && given.Name != $"{type.Name}.{field.Name}")
            {
                Issues.Add(new CelIssue(field.Offset, $"unexpected type name \"{given.Name}\" for field \"{field.Name}\", expected \"{type.Name}.{field.Name}\", which matches field name path from root Object type"));
            }
        }

        return type;
    }

    private CelType Join(IEnumerable<CelType> types)
    {
        CelType? joined = null;
        foreach (CelType type in types)
        {
            joined = joined is null ? type : Fits(joined, type) ? Wider(Resolved(joined), Resolved(type)) : CelType.Dyn;
        }

        return joined ?? CelType.Parameter($"_{++fresh}");
    }

    /// <summary>Of two types that fit each other, what values of both are.</summary>
    private static CelType Wider(CelType a, CelType b) => (a.Kind, b.Kind) switch
    {
        (CelKind.Dyn, _) or (_, CelKind.Dyn) => CelType.Dyn,
        (CelKind.Null, _) => b,
        (CelKind.List, CelKind.List) => CelType.List(Wider(a.Arguments[0], b.Arguments[0])),
        (CelKind.Map, CelKind.Map) => CelType.Map(Wider(a.Arguments[0], b.Arguments[0]), Wider(a.Arguments[1], b.Arguments[1])),
        (CelKind.Optional, CelKind.Optional) => CelType.Optional(Wider(a.Arguments[0], b.Arguments[0])),
        _ => a,
    };

    private static CelType Unwrapped(Entry entry, CelType type) => entry.IsOptional && type.Kind == CelKind.Optional ? type.Arguments[0] : type;

    /// <summary>Whether a value of the second type may stand where the first is asked for; binds parameters.</summary>
    private bool Fits(CelType wanted, CelType given)
    {
        wanted = Resolved(wanted);
        given = Resolved(given);
        if (wanted.Kind == CelKind.Parameter && given.Kind == CelKind.Dyn)
        {
            Bind(wanted.Name, CelType.Dyn);
            return true;
        }

        if (wanted.Kind == CelKind.Dyn || given.Kind == CelKind.Dyn || wanted.Equals(given))
        {
            return true;
        }

        if (wanted.Kind == CelKind.Parameter || given.Kind == CelKind.Parameter)
        {
            (CelType parameter, CelType other) = wanted.Kind == CelKind.Parameter ? (wanted, given) : (given, wanted);
            bool cyclic = Holds(other, parameter.Name);
            if (!cyclic)
            {
                Bind(parameter.Name, other);
            }

            return !cyclic;
        }

        if (given.Kind == CelKind.Null)
        {
            return wanted.Kind is CelKind.Object or CelKind.Timestamp or CelKind.Duration or CelKind.Opaque or CelKind.Optional;
        }

        return wanted.Kind == CelKind.Type && given.Kind == CelKind.Type
            || (wanted.Kind == given.Kind && wanted.Name == given.Name && wanted.Arguments.Length == given.Arguments.Length && wanted.Arguments.Length > 0
                && wanted.Arguments.Zip(given.Arguments).All(p => Fits(p.First, p.Second)));
    }

    private void Bind(string parameter, CelType type)
    {
        bound.Add(parameter, type);
        trail.Add(parameter);
    }

    private static bool Holds(CelType type, string parameter) => (type.Kind == CelKind.Parameter && type.Name == parameter) || type.Arguments.Any(a => Holds(a, parameter));

    private CelType Resolved(CelType type) => Replace(type, t => bound.TryGetValue(t.Name, out CelType? found) ? Resolved(found) : t);

    private static CelType Renamed(CelType type, string mark) => Replace(type, t => CelType.Parameter(t.Name + mark));

    private static CelType Replace(CelType type, Func<CelType, CelType> parameter)
    {
        if (type.Kind == CelKind.Parameter)
        {
            return parameter(type);
        }

        if (type.Arguments.IsEmpty)
        {
            return type;
        }

        // A type in which nothing is replaced keeps what it knows beside its name.
        CelType[] arguments = [.. type.Arguments.Select(a => Replace(a, parameter))];
        return arguments.Zip(type.Arguments).All(p => ReferenceEquals(p.First, p.Second)) ? type : type.Kind switch
        {
            CelKind.List => CelType.List(arguments[0]),
            CelKind.Map => CelType.Map(arguments[0], arguments[1]),
            CelKind.Optional => CelType.Optional(arguments[0]),
            _ => CelType.TypeOf(arguments[0]),
        };
    }

    /// <summary>The type of a whole expression: what nothing has decided may be anything.</summary>
    public CelType Finish(Expr expression) => expression.Type = Replace(Resolved(expression.Type), _ => CelType.Dyn);

    private CelType Fault(Expr at, string message)
    {
        Issues.Add(new CelIssue(at.Offset, message));
        return CelType.Dyn;
    }
}
