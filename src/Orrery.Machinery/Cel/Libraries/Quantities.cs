using Orrery.Api;
using static Orrery.Machinery.Cel.Overload;

namespace Orrery.Machinery.Cel.Libraries;

/// <summary>Kubernetes' amounts (apiserver <c>pkg/cel/library/quantity.go</c>).</summary>
internal static class Quantities
{
    public static IEnumerable<Overload> All =>
    [
        Of("quantity(string) kubernetes.Quantity", a => Quantity.TryParse((string)a[0]!, out Quantity q, out string fault) ? q : new CelError(fault)),
        Of("isQuantity(string) bool", a => Quantity.TryParse((string)a[0]!, out _)),
        Of("kubernetes.Quantity->isInteger() bool", a => Q(a, 0).IsWhole && Fits(Q(a, 0))),
        Of("kubernetes.Quantity->asInteger() int", a => Q(a, 0).IsWhole && Fits(Q(a, 0)) ? Q(a, 0).Value : new CelError("cannot convert value to integer")),
        Of("kubernetes.Quantity->asApproximateFloat() double", a => Q(a, 0).ApproximateValue),
        Of("kubernetes.Quantity->sign() int", a => (long)Q(a, 0).Sign),
        Of("kubernetes.Quantity->compareTo(kubernetes.Quantity) int", a => (long)Math.Sign(Q(a, 0).CompareTo(Q(a, 1)))),
        Of("kubernetes.Quantity->isLessThan(kubernetes.Quantity) bool", a => Q(a, 0) < Q(a, 1)),
        Of("kubernetes.Quantity->isGreaterThan(kubernetes.Quantity) bool", a => Q(a, 0) > Q(a, 1)),
        Of("kubernetes.Quantity->add(kubernetes.Quantity) kubernetes.Quantity", a => Q(a, 0) + Q(a, 1)),
        Of("kubernetes.Quantity->sub(kubernetes.Quantity) kubernetes.Quantity", a => Q(a, 0) - Q(a, 1)),
        Of("kubernetes.Quantity->add(int) kubernetes.Quantity", a => Q(a, 0) + Quantity.FromWhole((long)a[1]!)),
        Of("kubernetes.Quantity->sub(int) kubernetes.Quantity", a => Q(a, 0) - Quantity.FromWhole((long)a[1]!)),
    ];

    private static Quantity Q(object?[] a, int i) => (Quantity)a[i]!;

    private static bool Fits(Quantity q) => q <= Quantity.FromWhole(long.MaxValue) && q >= Quantity.FromWhole(long.MinValue);
}
