using System.Text.RegularExpressions;
using Orrery.Api;
using static Orrery.Machinery.Cel.Overload;

namespace Orrery.Machinery.Cel.Libraries;

/// <summary>Named formats of texts (apiserver <c>pkg/cel/library/format.go</c>): <c>format.dns1123Label().validate(name)</c>.</summary>
internal static partial class NamedFormats
{
    private const string Name = "kubernetes.NamedFormat";

    private static readonly Dictionary<string, Func<string, IReadOnlyList<string>>> Known = new(StringComparer.Ordinal)
    {
        ["dns1123Label"] = Names.CheckDns1123Label,
        ["dns1123Subdomain"] = Names.CheckDns1123Subdomain,
        ["dns1035Label"] = Names.CheckDns1035Label,
        ["qualifiedName"] = Names.CheckQualifiedName,
        ["dns1123LabelPrefix"] = v => Names.CheckDns1123Label(Names.Completed(v)),
        ["dns1123SubdomainPrefix"] = v => Names.CheckDns1123Subdomain(Names.Completed(v)),
        ["dns1035LabelPrefix"] = v => Names.CheckDns1035Label(Names.Completed(v)),
        ["labelValue"] = Names.CheckLabelValue,
        ["uri"] = v => GoUrl.TargetFault(v) is { } fault ? [fault] : [],
        ["uuid"] = v => Uuid().IsMatch(v) ? [] : ["does not match the UUID format"],
        ["byte"] = v => Convert.TryFromBase64String(v, new byte[v.Length + 3], out _) ? [] : ["invalid base64"],
        ["date"] = v => Date().IsMatch(v) && CelTime.ParseTimestamp(v + "T00:00:00Z") is CelTimestamp ? [] : ["invalid date"],
        ["datetime"] = v => CelTime.ParseTimestamp(v) is CelTimestamp ? [] : ["invalid datetime"],
    };

    public static readonly CelType NamedFormatType = CelType.Opaque(Name);

    public static IEnumerable<Overload> All =>
    [
        .. Known.Select(f => Of($"format.{f.Key}() {Name}", _ => new CelFormat(f.Key, f.Value))),
        Of($"format.named(string) optional({Name})", a => Known.TryGetValue((string)a[0]!, out Func<string, IReadOnlyList<string>>? check) ? new CelOptional(true, new CelFormat((string)a[0]!, check)) : CelOptional.None),
        Of($"{Name}->validate(string) optional(list(string))", a => ((CelFormat)a[0]!).Check((string)a[1]!) is { Count: > 0 } faults ? new CelOptional(true, new CelList([.. faults])) : CelOptional.None),
    ];

    private sealed record CelFormat(string Format, Func<string, IReadOnlyList<string>> Check) : ICelOpaque
    {
        public CelType Type => NamedFormatType;
    }

    [GeneratedRegex(@"\A[0-9a-fA-F]{8}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{12}\z")]
    private static partial Regex Uuid();

    [GeneratedRegex(@"\A\d{4}-\d\d-\d\d\z")]
    private static partial Regex Date();
}
