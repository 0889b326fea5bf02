namespace Orrery.Machinery.Kinds;

/// <summary>Rules for paths within volumes.</summary>
internal static class VolumePaths
{
    /// <summary>No step leads upwards.</summary>
    public static void NoBacksteps(string value, string path, Faults faults)
    {
        if (HasBacksteps(value))
        {
            faults.Invalid(path, value, "must not contain '..'");
        }
    }

    public static bool HasBacksteps(string value) => value.Split('/').Contains("..");

    /// <summary>A relative path that stays where it starts.</summary>
    public static void Descending(string value, string path, Faults faults)
    {
        if (value.StartsWith('/'))
        {
            faults.Invalid(path, value, "must be a relative path");
        }

        NoBacksteps(value, path, faults);
    }

    /// <summary>As <see cref="Descending"/>, and its first step is none of those that kubelets keep for themselves (<c>..data</c>).</summary>
    public static void NotReserved(string value, string path, Faults faults)
    {
        Descending(value, path, faults);
        if (value.StartsWith("..", StringComparison.Ordinal) && !value.StartsWith("../", StringComparison.Ordinal) && value != "..")
        {
            faults.Invalid(path, value, "must not start with '..'");
        }
    }
}
