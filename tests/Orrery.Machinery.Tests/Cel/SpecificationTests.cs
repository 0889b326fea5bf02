using System.Text.RegularExpressions;
using Orrery.Machinery.Cel;
using Orrery.Machinery.Tests.Schemas;

namespace Orrery.Machinery.Tests.Cel;

/// <summary>The language's own tests. What Kubernetes' dialect has not is left out by rule, and counted.</summary>
public sealed partial class SpecificationTests(ITestOutputHelper output)
{
    /// <summary>File, and how many of its tests do not hold today; the number is exact, so that progress is written down.</summary>
    public static TheoryData<string, int> Files => new()
    {
        { "basic", 0 }, { "comparisons", 0 }, { "conversions", 0 }, { "dynamic", 1 }, { "fields", 0 }, { "fp_math", 0 }, { "integer_math", 0 }, { "lists", 0 }, { "logic", 0 }, { "macros", 0 }, { "macros2", 0 },
        { "namespace", 1 }, { "network_ext", 2 }, { "optionals", 0 }, { "parse", 0 }, { "plumbing", 0 }, { "string", 0 }, { "string_ext", 0 }, { "timestamps", 0 }, { "type_deduction", 0 },
    };

    [Theory]
    [MemberData(nameof(Files))]
    public void Evaluate_TestsOfTheSpecification_GiveItsValues(string file, int known)
    {
        string path = Path.Combine(Transcripts.Shared(), "cel", file + ".textproto");
        Assert.SkipUnless(File.Exists(path), $"no tests of the specification at {path}");
        int passed = 0, left = 0;
        var failures = new List<string>();
        foreach (TextProto section in TextProto.Parse(File.ReadAllText(path)).All("section"))
        {
            foreach (TextProto test in section.All("test"))
            {
                string name = $"{section.Text("name")}/{test.Text("name")}";
                if (!Applies(test, out object? wanted))
                {
                    left++;
                }
                else if (Fault(test, wanted) is { } fault)
                {
                    failures.Add($"{name}: {test.Utf8("expr")}: {fault}");
                }
                else
                {
                    passed++;
                }
            }
        }

        output.WriteLine($"{file}: {passed} passed, {failures.Count} failed, {left} left out");
        failures.ForEach(output.WriteLine);
        Assert.True(passed > 0);
        Assert.True(failures.Count == known, $"{failures.Count} failed, {known} known: {string.Join("\n", failures)}");
    }

    /// <summary>Messages, enumerations and wrappers, and functions of versions of libraries that Kubernetes does not load.</summary>
    private static bool Applies(TextProto test, out object? wanted)
    {
        wanted = null;
        string expression = test.Utf8("expr")!;
        bool foreign = Foreign().IsMatch(expression) || test.Utf8("container")?.StartsWith("cel.expr", StringComparison.Ordinal) == true || test.All("type_env").Any(d => d.Message("ident") is null || SpecValues.Type(d.Message("ident")!.Message("type")) is null)
            || test.All("bindings").Any(b => b.Message("value")?.Message("value") is not { } v || !SpecValues.TryRead(v, out _));
        TextProto? value = test.Message("value") ?? test.Message("typed_result")?.Message("result");
        return !foreign && (value is null || SpecValues.TryRead(value, out wanted));
    }

    private static string? Fault(TextProto test, object? wanted)
    {
        bool fails = test.Message("eval_error") is not null || test.Message("any_eval_errors") is not null;
        var types = test.All("type_env").ToDictionary(d => d.Text("name")!, d => SpecValues.Type(d.Message("ident")!.Message("type"))!);
        var values = new Dictionary<string, object?>();
        foreach (TextProto binding in test.All("bindings"))
        {
            SpecValues.TryRead(binding.Message("value")!.Message("value")!, out object? value);
            values[binding.Text("key")!] = value;
            types.TryAdd(binding.Text("key")!, CelType.Dyn);
        }

        object? got;
        CelProgram program;
        try
        {
            program = CelProgram.Compile(test.Utf8("expr")!, types, test.Text("container") ?? "", test.Text("disable_check") != "true", CelDialect.Plain);
            if (test.Text("check_only") != "true")
            {
                got = program.Evaluate(values, new CelBudget(CelBudget.PerExpression), TestContext.Current.CancellationToken);
            }
            else
            {
                got = wanted;
            }
        }
        catch (CelCompileException e)
        {
            return fails ? null : e.Message;
        }

        if (test.Message("typed_result")?.Message("deduced_type") is { } deduced && SpecValues.Type(deduced) is { } type && program.ResultType.ToString() != type.ToString())
        {
            return $"type {program.ResultType}, wanted {type}";
        }

        if (fails != got is CelError)
        {
            return $"got {CelText.Plain(got)}";
        }

        bool plain = test.Message("value") is null && test.Message("typed_result") is null;
        bool nan = got is double.NaN && wanted is double.NaN;
        return fails || nan || (CelValues.AreEqual(got, plain ? true : wanted) && (plain || got?.GetType() == wanted?.GetType() || got is CelMap)) ? null : $"got {CelText.Plain(got)} ({CelValues.TypeOf(got)}), wanted {CelText.Plain(wanted)}";
    }

    [GeneratedRegex(@"TestAll|TestRequired|NestedTest|google\.protobuf\.(?!Timestamp\b(?!\{)|Duration\b(?!\{))|GlobalEnum|NestedEnum|proto2|proto3|cel\.(bind|block|expr)|\.reverse\(\)")]
    private static partial Regex Foreign();
}
